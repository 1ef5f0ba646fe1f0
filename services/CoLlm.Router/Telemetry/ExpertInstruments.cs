using System.Diagnostics.Metrics;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Telemetry;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.Router.Telemetry;

/// <summary>What questions to experts cost. Safe to use from any thread.</summary>
internal sealed class ExpertInstruments(Meter meter)
{
    public Counter<long> Calls { get; } = meter.CreateCounter<long>("collm.expert.calls", "{call}", "Questions to an expert.");

    public Counter<long> Passes { get; } = meter.CreateCounter<long>("collm.expert.passes", "{pass}", "Forward passes that experts ran for our sessions.");

    public Histogram<double> RoundTrip { get; } =
        meter.CreateHistogram("collm.expert.round_trip", "s", "Question written to answer read.", tags: null, InstrumentBuckets.Seconds);

    public Histogram<double> CatchUp { get; } = meter.CreateHistogram(
        "collm.expert.catch_up", "s", "Part of a round trip that the expert spent computing.", tags: null, InstrumentBuckets.Seconds);

    public Histogram<long> CatchUpTokens { get; } = meter.CreateHistogram(
        "collm.expert.catch_up.tokens", "{token}", "Unseen tokens that a question carried.", tags: null, InstrumentBuckets.Counts);

    public Counter<long> Bytes { get; } = meter.CreateCounter<long>("collm.expert.bytes", "By", "Payload on expert streams.");

    public Counter<long> Failovers { get; } = meter.CreateCounter<long>("collm.expert.failovers", "{failover}", "Sessions reopened on another replica.");

    public Counter<long> StaleReplies { get; } =
        meter.CreateCounter<long>("collm.expert.stale_replies", "{reply}", "Replies dropped because they came too late or twice.");

    /// <summary>The same for one expert, with its labels made beforehand.</summary>
    public ExpertMeasures For(string expert)
    {
        ExpertMeasures measures = new(this, expert);
        measures.Announce();
        return measures;
    }
}

/// <summary>Records what one expert costs; allocates nothing. Safe to use from any thread.</summary>
internal sealed class ExpertMeasures(ExpertInstruments instruments, string expert)
{
    private readonly Tag _expert = new("expert", expert);
    private readonly Tag[] _answered = [new("expert", expert), new("outcome", "answered")];
    private readonly Tag[] _failed = [new("expert", expert), new("outcome", "failed")];
    private readonly Tag[] _up = [new("expert", expert), new("direction", "up")];
    private readonly Tag[] _down = [new("expert", expert), new("direction", "down")];

    /// <summary>For pools that nobody watches.</summary>
    public static ExpertMeasures Unobserved { get; } = new ExpertInstruments(new Meter("Unobserved")).For("");

    /// <summary>Lets the series begin at zero: what begins above it has no increase that an alert could see.</summary>
    public void Announce()
    {
        instruments.Calls.Add(0, _answered);
        instruments.Calls.Add(0, _failed);
        instruments.Passes.Add(0, _expert);
        instruments.Bytes.Add(0, _up);
        instruments.Bytes.Add(0, _down);
        instruments.StaleReplies.Add(0, _expert);
        instruments.Failovers.Add(0, _expert, new Tag("reason", FailureReason.PrefixMismatch.Name()));
    }

    public void CountCall(bool isAnswered) => instruments.Calls.Add(1, isAnswered ? _answered : _failed);

    public void CountFailover(FailureReason reason) => instruments.Failovers.Add(1, _expert, new Tag("reason", reason.Name()));

    /// <summary>Records one answered question.</summary>
    /// <param name="roundTrip">Question written to answer read.</param>
    /// <param name="compute">How long the expert computed for it.</param>
    /// <param name="tokenCount">Tokens that it carried.</param>
    public void RecordRoundTrip(TimeSpan roundTrip, TimeSpan compute, int tokenCount)
    {
        instruments.RoundTrip.Record(roundTrip.TotalSeconds, _expert);
        instruments.CatchUp.Record(compute.TotalSeconds, _expert);
        instruments.CatchUpTokens.Record(tokenCount, _expert);
    }

    /// <summary>Adds what a session has cost since the last time.</summary>
    public void AddCost(int passCount, long bytesUp, long bytesDown, int staleReplyCount)
    {
        if (passCount > 0)
            instruments.Passes.Add(passCount, _expert);
        if (bytesUp > 0)
            instruments.Bytes.Add(bytesUp, _up);
        if (bytesDown > 0)
            instruments.Bytes.Add(bytesDown, _down);
        if (staleReplyCount > 0)
            instruments.StaleReplies.Add(staleReplyCount, _expert);
    }
}
