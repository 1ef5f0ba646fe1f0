using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>Writes one instrument with all its points. Not thread-safe.</summary>
internal sealed class MetricFamilyWriter(PrometheusText text, PrometheusFormat format)
{
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);

    /// <summary>Writes a metric. One whose name was written before (two meters may share it) is left out: a family must stand together.</summary>
    public void Write(Metric metric)
    {
        bool isCounter = metric.MetricType is MetricType.LongSum or MetricType.DoubleSum;
        bool isHistogram = metric.MetricType == MetricType.Histogram;
        string family = PrometheusNames.Family(metric.Name, metric.Unit, isGauge: !isCounter && !isHistogram);
        if (metric.MetricType is MetricType.ExponentialHistogram || !_families.Add(family))
            return;
        string sample = isCounter ? family + "_total" : family;
        WriteHead(metric, format == PrometheusFormat.OpenMetrics ? family : sample, isCounter ? "counter" : isHistogram ? "histogram" : "gauge");
        foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
        {
            if (isHistogram)
                new HistogramWriter(text, format).Write(family, point);
            else
                WriteSample(sample, metric.MetricType, point);
        }
    }

    /// <summary>Ends the exposition.</summary>
    public void End()
    {
        if (format == PrometheusFormat.OpenMetrics)
            text.Write("# EOF\n");
    }

    private void WriteHead(Metric metric, string name, string type)
    {
        text.Write("# HELP ");
        text.Write(name);
        text.Write(" ");
        text.WriteEscaped(string.IsNullOrEmpty(metric.Description) ? metric.Name : metric.Description, escapeQuotes: format == PrometheusFormat.OpenMetrics);
        text.Write("\n# TYPE ");
        text.Write(name);
        text.Write(" ");
        text.Write(type);
        text.Write("\n");
        string unit = PrometheusNames.Unit(metric.Unit);
        if (format == PrometheusFormat.Text || unit.Length == 0)
            return;
        text.Write("# UNIT ");
        text.Write(name);
        text.Write(" ");
        text.Write(unit);
        text.Write("\n");
    }

    private void WriteSample(string name, MetricType type, in MetricPoint point)
    {
        text.Write(name);
        PrometheusLabels.Write(text, point.Tags);
        text.Write(" ");
        switch (type)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                text.Write(point.GetSumLong());
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                text.Write(point.GetSumDouble());
                break;
            case MetricType.LongGauge:
                text.Write(point.GetGaugeLastValueLong());
                break;
            default:
                text.Write(point.GetGaugeLastValueDouble());
                break;
        }

        text.Write("\n");
    }
}

/// <summary>Writes label sets.</summary>
internal static class PrometheusLabels
{
    /// <summary>In braces; nothing for an empty set.</summary>
    public static void Write(PrometheusText text, in ReadOnlyTagCollection tags)
    {
        if (tags.Count == 0)
            return;
        text.Write("{");
        WriteInside(text, tags);
        text.Write("}");
    }

    /// <summary>Without braces.</summary>
    public static void WriteInside(PrometheusText text, in ReadOnlyTagCollection tags)
    {
        bool isFirst = true;
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (!isFirst)
                text.Write(",");
            isFirst = false;
            text.Write(PrometheusNames.Label(tag.Key));
            text.Write("=\"");
            text.WriteEscaped(Value(tag.Value), escapeQuotes: true);
            text.Write("\"");
        }
    }

    private static string Value(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
