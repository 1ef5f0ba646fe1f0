using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>
/// The exporter at the end of a metric reader that works when it is asked: what the SDK has collected becomes text. Its caller asks
/// once at a time.
/// </summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter : BaseExporter<Metric>, IPullMetricExporter
{
    /// <summary>Largest scrape.</summary>
    private const int MaxBytes = 16 << 20;

    private readonly PrometheusText _text = new(MaxBytes);
    private PrometheusFormat _format;
    private Exception? _failure;

    /// <summary>Makes the SDK collect and export; set by the reader that holds this exporter, null before there is one.</summary>
    public Func<int, bool>? Collect { get; set; }

    /// <summary>All metrics of the moment.</summary>
    /// <exception cref="InvalidOperationException">The SDK could not collect.</exception>
    public byte[] Scrape(PrometheusFormat format, TimeSpan timeout)
    {
        _text.Clear();
        _failure = null;
        _format = format;
        bool isCollected = Collect?.Invoke((int)timeout.TotalMilliseconds) ?? false;
        if (_failure is not null)
            throw new InvalidOperationException(_failure.Message, _failure);

        // A disabled SDK has no metrics, and that is no failure.
        if (!isCollected && Collect is not null)
            throw new InvalidOperationException($"The metrics were not collected within {timeout.TotalSeconds:0.###} s.");
        if (Collect is null)
            new MetricFamilyWriter(_text, format).End();
        return _text.Written.ToArray();
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        try
        {
            MetricFamilyWriter writer = new(_text, _format);
            foreach (Metric metric in batch)
                writer.Write(metric);
            writer.End();
            return ExportResult.Success;
        }
        catch (PrometheusOverflowException exception)
        {
            _failure = exception;
            return ExportResult.Failure;
        }
    }
}
