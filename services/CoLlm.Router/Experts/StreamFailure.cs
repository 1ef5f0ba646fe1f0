using CoLlm.Decoding.Experts;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Router.Experts;

/// <summary>Why an expert's stream gave no answer.</summary>
/// <param name="Reason">The name that status, log and metric share.</param>
/// <param name="Message">One sentence: which replica, what happened, which two values.</param>
/// <param name="RetryAfter">When the same replica may answer; zero: not known.</param>
internal sealed record StreamFailure(FailureReason Reason, string Message, TimeSpan RetryAfter = default)
{
    /// <summary>True: the expert does not fit, and no other session would change that.</summary>
    public bool IsUnfit => IsOfRequest || Reason is FailureReason.ProtocolVersionMismatch or FailureReason.ModelMismatch
        or FailureReason.TokenizerMismatch or FailureReason.VocabularyMismatch or FailureReason.UnknownModel;

    /// <summary>True: it is this request that the expert cannot serve, whatever the replica; others it serves.</summary>
    public bool IsOfRequest => Reason is FailureReason.Unsupported or FailureReason.PromptTooLong or FailureReason.OutputTooLong
        or FailureReason.InvalidParameter or FailureReason.MessageTooLarge;

    /// <summary>True: the replica is well, but full.</summary>
    public bool IsOverload => Reason is FailureReason.TooManyRequests or FailureReason.TooManySessions or FailureReason.KvPoolExhausted
        or FailureReason.Overloaded;

    /// <summary>What the decoder is told.</summary>
    public ExpertOutcome Outcome => this switch
    {
        { IsUnfit: true } => ExpertOutcome.Unsupported,
        { IsOverload: true } => ExpertOutcome.Overloaded,
        { Reason: FailureReason.DeadlineExceeded } => ExpertOutcome.DeadlineExceeded,
        { Reason: FailureReason.PrefixMismatch } => ExpertOutcome.PrefixMismatch,
        _ => ExpertOutcome.Unavailable,
    };

    /// <summary>What a call that ended with an error says: its trailer where there is one, else its status.</summary>
    public static StreamFailure Of(RpcException exception, Uri replica)
    {
        string? name = exception.Trailers.GetValue(FailureReasons.ReasonTrailer);
        FailureReason reason = name is not null ? FailureReasons.Parse(name) : FailureReason.Unspecified;
        if (reason == FailureReason.Unspecified)
        {
            reason = exception.StatusCode switch
            {
                StatusCode.DeadlineExceeded => FailureReason.DeadlineExceeded,
                StatusCode.Unimplemented => FailureReason.Unsupported,
                StatusCode.ResourceExhausted => FailureReason.Overloaded,
                _ => FailureReason.ExpertUnavailable,
            };
        }

        string text = exception.Status.Detail;
        string? retryAfter = exception.Trailers.GetValue(FailureReasons.RetryAfterTrailer);
        TimeSpan wait = int.TryParse(retryAfter, out int milliseconds) ? TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, 600_000)) : default;
        return new StreamFailure(reason, $"{replica}: {(text.Length > 0 ? text : exception.StatusCode.ToString())}", wait);
    }

    public static StreamFailure Of(Notice notice, Uri replica)
    {
        FailureReason reason = notice.Failure?.Reason ?? FailureReason.Unspecified;
        string text = notice.Failure?.Message is { Length: > 0 } message ? message : reason.Name();
        if (notice.Sent.Length > 0 || notice.Held.Length > 0)
            text += $" (sent {notice.Sent}, held {notice.Held})";
        return new StreamFailure(reason, $"{replica}: {text}", TimeSpan.FromMilliseconds(Math.Clamp(notice.Failure?.RetryAfterMs ?? 0, 0, 600_000)));
    }

    public static StreamFailure Broken(Uri replica, string what) => new(FailureReason.OutOfOrder, $"{replica} broke the session protocol: {what}.");
}
