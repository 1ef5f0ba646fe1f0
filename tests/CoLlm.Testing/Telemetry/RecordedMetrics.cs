using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace CoLlm.Testing.Telemetry;

/// <summary>Listens to the meters of our own that one host has, from the moment it is made. Safe to use from any thread.</summary>
public sealed class RecordedMetrics : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Recorded> _measurements = [];

    /// <param name="services">Of the host: it has the factory that its meters come from.</param>
    public RecordedMetrics(IServiceProvider services)
    {
        object factory = services.GetService(typeof(IMeterFactory))!;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope != factory || !instrument.Meter.Name.StartsWith("CoLlm.", StringComparison.Ordinal))
                return;
            _instruments[instrument.Name] = instrument;
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>All instruments of the host's own meters, by name.</summary>
    public IReadOnlyDictionary<string, Instrument> Instruments => _instruments;

    /// <summary>Asks those instruments that are asked.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    /// <summary>Everything an instrument has recorded.</summary>
    public IEnumerable<Recorded> Of(string instrument) => _measurements.Where(measurement => measurement.Instrument == instrument);

    /// <summary>Sum of what an instrument has recorded with these labels among others, each written <c>key=value</c>.</summary>
    public double Sum(string instrument, params string[] labels) => Of(instrument).Where(measurement => measurement.Has(labels)).Sum(measurement => measurement.Value);

    /// <summary>How often an instrument has recorded with these labels among others.</summary>
    public int Count(string instrument, params string[] labels) => Of(instrument).Count(measurement => measurement.Has(labels));

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, object?> tag in tags)
            labels[tag.Key] = tag.Value?.ToString() ?? "";
        _measurements.Enqueue(new Recorded(instrument.Name, value, labels));
    }
}

/// <summary>One measurement.</summary>
public sealed record Recorded(string Instrument, double Value, IReadOnlyDictionary<string, string> Labels)
{
    public bool Has(IEnumerable<string> labels) => labels.All(label =>
        label.Split('=', 2) is [var key, var value] && Labels.TryGetValue(key, out string? held) && held == value);
}
