using CoLlm.Decoding.Experts;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Telemetry;
using Grpc.Core;

namespace CoLlm.Router.Experts;

/// <summary>Tells metrics, and the request's trace where it is sampled, what one request's sessions with one expert did. Used by one caller at a time.</summary>
internal sealed class SessionAccount(ExpertPool pool)
{
    private readonly BurstSpans? _spans = BurstSpans.OfCurrentCall(pool.Name);
    private FailureReason _lossReason;
    private ExpertCost _reported;
    private int _reportedStaleReplies;

    /// <summary>A stream is about to be opened. Returns the call's headers; null: none.</summary>
    public Metadata? Open(Uri replica, bool isReplay)
    {
        if (isReplay)
        {
            pool.Measures.CountFailover(_lossReason);
            _spans?.FailedOver(_lossReason.Name(), replica);
        }

        return _spans?.Headers(isReplay);
    }

    /// <summary>A question is about to be sent. Returns the span that it begins, zero where it does not.</summary>
    public ulong Ask(int position, in ExpertCost cost) => _spans?.Ask(position, cost.BytesUp + cost.BytesDown) ?? 0;

    public void Answered(ExpertStream stream, in ExpertCost cost, int staleReplyCount)
    {
        pool.Measures.CountCall(isAnswered: true);
        pool.Measures.RecordRoundTrip(stream.LastRoundTrip, stream.Inbox.LastCompute, stream.LastAskTokenCount);
        Report(cost, staleReplyCount);
        _spans?.Answered(cost.BytesUp + cost.BytesDown);
    }

    public void Failed(in ExpertCost cost, int staleReplyCount)
    {
        pool.Measures.CountCall(isAnswered: false);
        Report(cost, staleReplyCount);
    }

    /// <summary>The answer has grown.</summary>
    public void Follow(int length) => _spans?.Follow(length);

    /// <summary>A stream was given up.</summary>
    public void Lost(ExpertStream stream)
    {
        _lossReason = stream.Ended?.Reason ?? (stream.Inbox.IsDraining ? FailureReason.Draining : FailureReason.Overloaded);
        _spans?.Lost(stream.Ended);
    }

    /// <summary>The request is over.</summary>
    public void Ended(in ExpertCost cost, int staleReplyCount)
    {
        Report(cost, staleReplyCount);
        _spans?.End();
    }

    private void Report(in ExpertCost cost, int staleReplyCount)
    {
        pool.Measures.AddCost(
            cost.PassCount - _reported.PassCount, cost.BytesUp - _reported.BytesUp, cost.BytesDown - _reported.BytesDown,
            staleReplyCount - _reportedStaleReplies);
        (_reported, _reportedStaleReplies) = (cost, staleReplyCount);
    }
}
