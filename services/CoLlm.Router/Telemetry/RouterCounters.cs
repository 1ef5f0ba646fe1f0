using System.Collections.Concurrent;
using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using ExpertUsage = CoLlm.Decoding.ExpertUsage;
using FinishReason = CoLlm.Decoding.FinishReason;

namespace CoLlm.Router.Telemetry;

/// <summary>What the router has done since it started; read by whatever reports it. Safe to use from any thread.</summary>
internal sealed class RouterCounters
{
    private readonly ConcurrentDictionary<FinishReason, long> _answers = [];
    private readonly ConcurrentDictionary<FailureReason, long> _refusals = [];
    private readonly ConcurrentDictionary<Decoding.Deferral.DeferralReason, long> _reasons = [];
    private long _baseTokens;
    private long _expertTokens;
    private long _composedTokens;
    private long _fallbackTokens;
    private long _expertCalls;
    private long _failedExpertCalls;
    private long _expertPasses;
    private long _bytesUp;
    private long _bytesDown;
    private long _failovers;
    private long _staleReplies;
    private long _cancelled;

    public IReadOnlyDictionary<FinishReason, long> Answers => _answers;

    public IReadOnlyDictionary<FailureReason, long> Refusals => _refusals;

    public IReadOnlyDictionary<Decoding.Deferral.DeferralReason, long> Reasons => _reasons;

    public (long Base, long Expert, long Composed, long Fallback) Tokens =>
        (Read(ref _baseTokens), Read(ref _expertTokens), Read(ref _composedTokens), Read(ref _fallbackTokens));

    public (long Calls, long FailedCalls, long Passes, long BytesUp, long BytesDown, long Failovers, long StaleReplies) Experts =>
        (Read(ref _expertCalls), Read(ref _failedExpertCalls), Read(ref _expertPasses), Read(ref _bytesUp), Read(ref _bytesDown),
            Read(ref _failovers), Read(ref _staleReplies));

    /// <summary>Answers whose client left before the end.</summary>
    public long CancelledCount => Read(ref _cancelled);

    public void CountRefusal(FailureReason reason) => _refusals.AddOrUpdate(reason, 1, static (_, count) => count + 1);

    public void CountCancelled() => Interlocked.Increment(ref _cancelled);

    public void CountAnswer(DecodingSummary summary, int staleReplyCount)
    {
        _answers.AddOrUpdate(summary.FinishReason, 1, static (_, count) => count + 1);
        Interlocked.Add(ref _baseTokens, summary.BaseTokenCount);
        Interlocked.Add(ref _composedTokens, summary.ComposedTokenCount);
        Interlocked.Add(ref _fallbackTokens, summary.FallbackTokenCount);
        Interlocked.Add(ref _staleReplies, staleReplyCount);
        foreach ((Decoding.Deferral.DeferralReason reason, int count) in summary.Reasons)
            _reasons.AddOrUpdate(reason, count, (_, before) => before + count);
        foreach (ExpertUsage expert in summary.Experts)
            Count(expert);
    }

    private void Count(ExpertUsage expert)
    {
        Interlocked.Add(ref _expertTokens, expert.TokenCount);
        Interlocked.Add(ref _expertCalls, expert.CallCount);
        Interlocked.Add(ref _failedExpertCalls, expert.FailedCallCount);
        Interlocked.Add(ref _expertPasses, expert.Cost.PassCount);
        Interlocked.Add(ref _bytesUp, expert.Cost.BytesUp);
        Interlocked.Add(ref _bytesDown, expert.Cost.BytesDown);
        Interlocked.Add(ref _failovers, expert.Cost.FailoverCount);
    }

    private static long Read(ref long value) => Interlocked.Read(ref value);
}
