using System.Diagnostics.Metrics;
using CoLlm.Inference;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>
/// Reports what engines count about themselves, at the moment somebody asks: the engines do not know that they are watched. Safe to
/// use from any thread.
/// </summary>
public sealed class EngineInstruments
{
    public const string MeterName = "CoLlm.Engine";

    private readonly Lock _lock = new();
    private readonly List<ObservedEngine> _engines = [];
    private readonly Histogram<long> _stepRows;

    public EngineInstruments(IMeterFactory meters)
    {
        Meter meter = meters.Create(MeterName);
        _stepRows = meter.CreateHistogram(
            "collm.engine.step.rows", "{token}", "Tokens per forward pass, to a factor of two.", tags: null, InstrumentBuckets.Rows);
        AddCounters(meter);
        AddGauges(meter);
    }

    /// <summary>Reports this engine from now on, under the name of its model. An engine that was disposed reports its last counts.</summary>
    public void Add(string model, InferenceEngine engine)
    {
        lock (_lock)
            _engines.Add(new ObservedEngine(model, engine));
    }

    private void AddCounters(Meter meter)
    {
        meter.CreateObservableCounter("collm.engine.steps", Steps, "{step}", "Forward passes.");
        meter.CreateObservableCounter("collm.engine.tokens", () => Observe("kind",
            ("computed", engine => engine.Rows), ("ride_along", engine => engine.RideAlongRows), ("shared", engine => engine.SharedPrefixTokens)),
            "{token}", "Tokens computed, computed in a step that another session caused, and not computed because another session had.");
        meter.CreateObservableCounter("collm.engine.outputs", () => Observe(engine => engine.Outputs), "{position}", "Positions whose logits were asked for.");
        meter.CreateObservableCounter(
            "collm.engine.refusals", () => Observe(engine => engine.Refusals), "{session}", "Sessions refused because a bound was reached.");
        meter.CreateObservableCounter(
            "collm.engine.failed_sessions", () => Observe(engine => engine.FailedSessions), "{session}", "Sessions ended by an error of the backend.");
    }

    private void AddGauges(Meter meter)
    {
        meter.CreateObservableGauge("collm.engine.sessions", () => Observe("state",
            ("open", engine => engine.OpenSessions), ("running", engine => engine.RunningSessions)), "{session}", "Sessions open, and those with a call in flight.");
        meter.CreateObservableGauge("collm.engine.queued", () => Observe(engine => engine.QueuedOpens), "{session}", "Callers that wait for a session.");
        meter.CreateObservableGauge(
            "collm.engine.pending_tokens", () => Observe(engine => engine.PendingTokens), "{token}", "Tokens appended and not computed yet.");
        meter.CreateObservableGauge("collm.engine.kv.blocks", () => Observe("state",
            ("reserved", engine => engine.KvBlocksReserved), ("held", engine => engine.KvBlocksHeld),
            ("cached", engine => engine.KvBlocksCached), ("total", engine => engine.KvBlocks)), "{block}", "Blocks of the key-value pool.");
        meter.CreateObservableGauge(
            "collm.engine.kv.utilisation",
            () => Engines().Select(engine => new Measurement<double>(engine.Engine.GetStatistics().KvUtilisation, engine.Tag)),
            "1", "Reserved share of the key-value pool.");
    }

    private ObservedEngine[] Engines()
    {
        lock (_lock)
            return [.. _engines];
    }

    /// <summary>The newest steps enter the histogram just before it is read, because instruments that are asked come first.</summary>
    private IEnumerable<Measurement<long>> Steps()
    {
        foreach (ObservedEngine engine in Engines())
            engine.RecordSteps(_stepRows);
        return Observe(engine => engine.Steps);
    }

    private Measurement<long>[] Observe(Func<EngineStatistics, long> read) =>
        [.. Engines().Select(engine => new Measurement<long>(read(engine.Engine.GetStatistics()), engine.Tag))];

    private List<Measurement<long>> Observe(string label, params (string Value, Func<EngineStatistics, long> Read)[] rows)
    {
        List<Measurement<long>> measurements = [];
        foreach (ObservedEngine engine in Engines())
        {
            EngineStatistics statistics = engine.Engine.GetStatistics();
            foreach ((string value, Func<EngineStatistics, long> read) in rows)
                measurements.Add(new Measurement<long>(read(statistics), engine.Tag, new(label, value)));
        }

        return measurements;
    }
}
