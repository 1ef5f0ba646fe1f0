using Grpc.Core;

namespace Grpc.Framing;

/// <summary>What a failure below gRPC means as a gRPC status.</summary>
internal static class StatusMapping
{
    /// <summary>The status of a stream that was reset with this HTTP/2 error code (RFC 9113, section 7).</summary>
    public static StatusCode FromHttp2Error(long errorCode) => errorCode switch
    {
        0x0 or 0x1 or 0x2 or 0x3 or 0x4 or 0x5 or 0x6 => StatusCode.Internal,
        0x7 => StatusCode.Unavailable,
        0x8 => StatusCode.Cancelled,
        0x9 or 0xA => StatusCode.Internal,
        0xB => StatusCode.ResourceExhausted,
        0xC => StatusCode.PermissionDenied,
        _ => StatusCode.Unknown,
    };

    /// <summary>The status of a response without <c>grpc-status</c>, from its HTTP status.</summary>
    public static StatusCode FromHttpStatus(int httpStatus) => httpStatus switch
    {
        400 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
