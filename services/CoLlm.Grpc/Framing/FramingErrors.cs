using Grpc.Core;

namespace Grpc.Framing;

/// <summary>The statuses of messages that cannot be read or written.</summary>
internal static class FramingErrors
{
    public static RpcException TooLarge(long length, int maxMessageSize) => Error(
        StatusCode.ResourceExhausted, $"Received a message of {length} bytes; the largest allowed is {maxMessageSize} bytes.");

    public static RpcException DecompressedTooLarge(int maxMessageSize) => Error(
        StatusCode.ResourceExhausted,
        $"Received a compressed message of more than {maxMessageSize} bytes when expanded; the largest allowed is {maxMessageSize} bytes.");

    public static RpcException TooLargeToSend(int length, int maxMessageSize) => Error(
        StatusCode.ResourceExhausted, $"Sending a message of {length} bytes; the largest allowed is {maxMessageSize} bytes.");

    public static RpcException UnknownFlag(byte flag) => Error(
        StatusCode.Internal, $"Received a message whose compressed flag is {flag}; only 0 and 1 have a meaning.");

    public static RpcException CompressedWithoutEncoding() => Error(
        StatusCode.Internal, "Received a message marked as compressed, but the call has no grpc-encoding.");

    public static RpcException UnsupportedEncoding(string encoding) => Error(
        StatusCode.Unimplemented, $"The grpc-encoding '{encoding}' is not supported; supported are {MessageEncoding.Accepted}.");

    public static RpcException NotGzip(Exception exception) => Error(
        StatusCode.Internal, "Received a message marked as gzip that cannot be expanded.", exception);

    public static RpcException TruncatedHeader(long count) => Error(
        StatusCode.Internal, $"The stream ended after {count} of the 5 bytes of a message header.");

    public static RpcException Truncated(long count, long length) => Error(
        StatusCode.Internal, $"The stream ended after {count} of the {length} bytes of a message.");

    public static RpcException Undecodable(Exception exception) => Error(
        StatusCode.Internal, $"Received a message that cannot be decoded: {exception.Message}", exception);

    public static RpcException NoMessage() => Error(StatusCode.Internal, "The stream ended where one message was expected.");

    public static RpcException SecondMessage() => Error(StatusCode.Internal, "Received more than the one message that was expected.");

    private static RpcException Error(StatusCode code, string detail, Exception? exception = null) =>
        new(new Status(code, detail, exception));
}
