using System.Text;
using Grpc.Core;

namespace Grpc.Server.Calls;

/// <summary>The status that a method's exception becomes.</summary>
internal static class CallStatus
{
    public const string HandlerFailed = "Exception was thrown by handler.";

    /// <summary>The status for an exception that is no <see cref="RpcException"/>; the client learns what happened only where that is allowed.</summary>
    public static Status Of(Exception exception, bool isDetailed)
    {
        if (!isDetailed)
            return new Status(StatusCode.Unknown, HandlerFailed, exception);

        StringBuilder detail = new(HandlerFailed);
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
            detail.Append(' ').Append(cause.GetType().Name).Append(": ").Append(cause.Message);

        return new Status(StatusCode.Unknown, detail.ToString(), exception);
    }
}
