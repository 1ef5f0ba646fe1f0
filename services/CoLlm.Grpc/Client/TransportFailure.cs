using System.Net.Sockets;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Says which gRPC status stands for an exception of the transport.</summary>
internal static class TransportFailure
{
    /// <summary>
    /// What the message by which SocketsHttpHandler tells a connection that no longer answers its pings from a peer that broke the
    /// protocol has in it: the name of one of its own settings. The error code is the same for both.
    /// </summary>
    private const string PingSetting = "KeepAlivePing";

    private const long NoError = 0x0;
    private const long ResetByCancel = 0x8;

    /// <summary>The status of a call that failed before (<paramref name="hasResponse"/> false) or after the response began.</summary>
    public static Status ToStatus(Exception exception, bool hasResponse)
    {
        if (Find<RpcException>(exception) is { } described)
            return described.Status;

        (StatusCode code, string what) = Classify(exception, hasResponse);
        return new Status(code, $"{what} {Describe(exception)}", exception);
    }

    /// <summary>Whether the other side reset the stream with CANCEL, as it also does when it is the first to see the deadline pass.</summary>
    public static bool IsResetByCancel(Exception exception) => Find<HttpProtocolException>(exception)?.ErrorCode == ResetByCancel;

    private static (StatusCode Code, string What) Classify(Exception exception, bool hasResponse)
    {
        HttpProtocolException? protocol = Find<HttpProtocolException>(exception);
        if (protocol is not null && protocol.Message.Contains(PingSetting, StringComparison.Ordinal))
            return (StatusCode.Unavailable, "The connection is dead.");
        if (protocol is not null)
            return (FromHttp2Error(protocol.ErrorCode, hasResponse), "The server ended the stream.");
        if (Find<RequestCannotBeRepeatedException>(exception) is not null)
            return (StatusCode.Unavailable, "The server refused the stream.");
        if (Find<OperationCanceledException>(exception) is not null)
            return (StatusCode.Cancelled, "The call was cancelled.");
        if (Find<IOException>(exception) is not null || Find<SocketException>(exception) is not null)
            return (StatusCode.Unavailable, hasResponse ? "The connection broke." : "The server cannot be reached.");
        return Find<HttpRequestException>(exception) is { HttpRequestError: not HttpRequestError.Unknown }
            ? (StatusCode.Unavailable, "The server cannot be reached.")
            : (StatusCode.Internal, "The call failed.");
    }

    /// <summary>
    /// Without a response, a stream that ends with NO_ERROR was above the last one that a GOAWAY promised to serve: as safe to repeat
    /// as a refused one.
    /// </summary>
    private static StatusCode FromHttp2Error(long error, bool hasResponse) =>
        error == NoError && !hasResponse ? StatusCode.Unavailable : StatusMapping.FromHttp2Error(error);

    private static T? Find<T>(Exception exception)
        where T : Exception
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is T found)
                return found;
        }

        return null;
    }

    private static string Describe(Exception exception)
    {
        string text = exception.Message;
        for (Exception? cause = exception.InnerException; cause is not null; cause = cause.InnerException)
            text += $" {cause.Message}";

        return text;
    }
}
