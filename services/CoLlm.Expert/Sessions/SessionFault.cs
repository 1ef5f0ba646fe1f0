using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Sessions;

/// <summary>Why a session ends or was not opened: one typed reason and one sentence.</summary>
/// <param name="Reason">What programs act on.</param>
/// <param name="Message">What happened, where, and which bound or which two values.</param>
/// <param name="Sent">For mismatches: what the client sent.</param>
/// <param name="Held">For mismatches: what this side has.</param>
/// <param name="RetryAfter">When trying again may succeed; zero: not by waiting.</param>
internal sealed record SessionFault(FailureReason Reason, string Message, string Sent = "", string Held = "", TimeSpan RetryAfter = default)
{
    /// <summary>The last message of a session that ends for it.</summary>
    public Notice ToNotice(int epoch, int position) => new()
    {
        Failure = ToFailure(),
        EndsSession = true,
        Epoch = epoch,
        Position = position,
        Sent = Sent,
        Held = Held,
    };

    public Failure ToFailure() => new() { Reason = Reason, Message = Message, RetryAfterMs = (int)RetryAfter.TotalMilliseconds };

    /// <summary>Two values that should be equal.</summary>
    public static SessionFault Mismatch(FailureReason reason, string what, string sent, string held) =>
        new(reason, $"{what}: the client has {sent}, this model has {held}.", sent, held);
}
