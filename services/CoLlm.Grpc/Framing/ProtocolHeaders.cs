using System.Collections.Frozen;

namespace Grpc.Framing;

/// <summary>Names and values of the headers that gRPC itself uses.</summary>
internal static class ProtocolHeaders
{
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string ContentTypeValue = "application/grpc";

    private static readonly FrozenSet<string> NotMetadata = FrozenSet.ToFrozenSet(
        [Encoding, AcceptEncoding, Timeout, Status, Message, "content-type", "content-length", "te", "host", "accept-encoding"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a header belongs to the protocol below the call, so that neither side's code sees or sets it.</summary>
    public static bool IsProtocolHeader(string name) => name.Length == 0 || name[0] == ':' || NotMetadata.Contains(name);

    /// <summary>Whether a content type is gRPC's: the bare name, or with a suffix or parameter after it.</summary>
    public static bool IsGrpcContentType(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(ContentTypeValue, StringComparison.OrdinalIgnoreCase))
            return false;

        return contentType.Length == ContentTypeValue.Length || contentType[ContentTypeValue.Length] is '+' or ';' or ' ';
    }
}
