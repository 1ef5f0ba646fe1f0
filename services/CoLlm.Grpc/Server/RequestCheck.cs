using System.Globalization;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;

namespace Grpc.Server;

/// <summary>Refuses, in HTTP's own terms, requests that are no gRPC.</summary>
internal static class RequestCheck
{
    /// <summary>Answers a request that is no gRPC; false where it is one and nothing was done.</summary>
    public static bool TryRefuse(HttpContext context)
    {
        if (!ProtocolHeaders.IsGrpcContentType(context.Request.ContentType))
        {
            Refuse(
                context.Response,
                StatusCodes.Status415UnsupportedMediaType,
                $"The content type '{context.Request.ContentType}' is not gRPC's; it must be application/grpc.");
            return true;
        }

        if (HttpProtocol.IsHttp2(context.Request.Protocol) || HttpProtocol.IsHttp3(context.Request.Protocol))
            return false;

        context.Response.Headers.Upgrade = "h2c";
        Refuse(context.Response, StatusCodes.Status426UpgradeRequired, $"gRPC needs HTTP/2; the request came over {context.Request.Protocol}.");
        return true;
    }

    private static void Refuse(HttpResponse response, int httpStatus, string detail)
    {
        response.StatusCode = httpStatus;
        response.Headers[ProtocolHeaders.Status] = ((int)StatusCode.Internal).ToString(CultureInfo.InvariantCulture);
        response.Headers[ProtocolHeaders.Message] = PercentCoding.Encode(detail);
    }
}
