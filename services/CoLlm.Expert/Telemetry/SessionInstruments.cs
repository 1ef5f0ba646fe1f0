using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.ServiceDefaults.Telemetry;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.Expert.Telemetry;

/// <summary>All instruments of the expert. Safe to use from any thread.</summary>
internal sealed class SessionInstruments
{
    public const string MeterName = "CoLlm.Expert";

    /// <summary>What the label says of a client that asked for a model which is not here.</summary>
    public const string UnknownModel = "unknown";

    private readonly ConcurrentDictionary<string, SessionMeasures> _models = new(StringComparer.Ordinal);
    private readonly ModelCatalog _catalog;
    private readonly SessionTable _table;

    public SessionInstruments(IMeterFactory meters, ModelCatalog catalog, SessionTable table)
    {
        _catalog = catalog;
        _table = table;
        Meter meter = meters.Create(MeterName);
        meter.CreateObservableGauge("collm.sessions", Sessions, "{session}", "Sessions that are busy, and those that wait for a message.");
        Opened = meter.CreateCounter<long>("collm.sessions.opened", "{session}", "Sessions asked for, by what became of them.");
        Ended = meter.CreateCounter<long>("collm.sessions.ended", "{session}", "Sessions ended, by why.");
        Asks = meter.CreateCounter<long>("collm.asks", "{ask}", "Questions by the form of the answer.");
        AskQueue = meter.CreateHistogram(
            "collm.ask.queue", "s", "Question read to the start of its forward pass.", tags: null, InstrumentBuckets.Seconds);
        AskCompute = meter.CreateHistogram("collm.ask.compute", "s", "The forward pass that answered a question.", tags: null, InstrumentBuckets.Seconds);
        Tokens = meter.CreateCounter<long>("collm.session.tokens", "{token}", "Tokens of sessions by what happened to them.");
    }

    public Counter<long> Opened { get; }

    public Counter<long> Ended { get; }

    public Counter<long> Asks { get; }

    public Histogram<double> AskQueue { get; }

    public Histogram<double> AskCompute { get; }

    public Counter<long> Tokens { get; }

    /// <summary>The same for one model, with its labels made beforehand; a model that is not here is <see cref="UnknownModel"/>.</summary>
    public SessionMeasures For(ExpertModel? model) => _models.GetOrAdd(model?.Name ?? UnknownModel, Begin);

    private SessionMeasures Begin(string model)
    {
        SessionMeasures measures = new(this, model);
        measures.Announce();
        return measures;
    }

    private List<Measurement<long>> Sessions()
    {
        List<Measurement<long>> measurements = [];
        foreach (ExpertModel model in _catalog.Loaded)
        {
            (int busy, int idle) = _table.CountOf(model);
            var tag = new Tag("model", model.Name);
            measurements.Add(new Measurement<long>(busy, tag, new Tag("state", "busy")));
            measurements.Add(new Measurement<long>(idle, tag, new Tag("state", "idle")));
        }

        return measurements;
    }
}
