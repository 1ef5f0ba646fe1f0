using System.Globalization;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Router.Api;

/// <summary>A call that is refused: one sentence for the client, and the name that status, log and metric share.</summary>
internal sealed class RequestRefusedException(FailureReason reason, string message, TimeSpan retryAfter = default) : Exception(message)
{
    public FailureReason Reason => reason;

    /// <summary>When repeating the request may help; zero: not known, or never.</summary>
    public TimeSpan RetryAfter => retryAfter;

    /// <summary>The field of a JSON request that is to blame; null: none, or not known.</summary>
    public string? Parameter { get; init; }

    /// <summary>As gRPC says it: status, sentence and trailers.</summary>
    public RpcException ToRpcException()
    {
        var trailers = new Metadata { { FailureReasons.ReasonTrailer, reason.Name() } };
        if (retryAfter > TimeSpan.Zero)
            trailers.Add(FailureReasons.RetryAfterTrailer, ((long)Math.Ceiling(retryAfter.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture));
        return new RpcException(new Status(reason.StatusCode(), Message), trailers);
    }

    public static RequestRefusedException Invalid(string message) => new(FailureReason.InvalidParameter, message);
}
