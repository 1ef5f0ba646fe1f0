using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Grpc.Server.Calls;

/// <summary>Turns the headers of a request into the metadata that a method sees.</summary>
internal static class RequestMetadata
{
    /// <exception cref="RpcException">A binary header is not base64 (INTERNAL).</exception>
    public static Metadata Of(IHeaderDictionary headers)
    {
        Metadata metadata = [];
        foreach ((string name, StringValues values) in headers)
        {
            if (ProtocolHeaders.IsProtocolHeader(name))
                continue;

            foreach (string? value in values)
            {
                if (!BinaryHeader.TryAdd(metadata, name, value ?? ""))
                    throw new RpcException(new Status(StatusCode.Internal, $"The value of the binary header '{name}' is not base64."));
            }
        }

        return metadata;
    }
}
