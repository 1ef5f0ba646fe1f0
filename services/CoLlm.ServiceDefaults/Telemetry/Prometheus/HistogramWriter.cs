using OpenTelemetry.Metrics;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>Writes one point of a histogram: cumulated buckets, each with its newest exemplar where there is one, sum and count.</summary>
internal readonly struct HistogramWriter(PrometheusText text, PrometheusFormat format)
{
    public void Write(string family, in MetricPoint point)
    {
        long count = 0;
        double lower = double.NegativeInfinity;
        ReadOnlyExemplarCollection exemplars = default;
        bool hasExemplars = format == PrometheusFormat.OpenMetrics && point.TryGetExemplars(out exemplars);
        foreach (HistogramBucket bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            text.Write(family);
            text.Write("_bucket{");
            PrometheusLabels.WriteInside(text, point.Tags);
            text.Write(point.Tags.Count > 0 ? ",le=\"" : "le=\"");
            text.Write(bucket.ExplicitBound);
            text.Write("\"} ");
            text.Write(count);
            if (hasExemplars && bucket.BucketCount > 0)
                WriteExemplar(exemplars, lower, bucket.ExplicitBound);
            text.Write("\n");
            lower = bucket.ExplicitBound;
        }

        WriteEnd(family, "_sum", point);
        text.Write(point.GetHistogramSum());
        WriteEnd(family, "_count", point, isFirst: false);
        text.Write(point.GetHistogramCount());
        text.Write("\n");
    }

    private void WriteEnd(string family, string suffix, in MetricPoint point, bool isFirst = true)
    {
        text.Write(isFirst ? "" : "\n");
        text.Write(family);
        text.Write(suffix);
        PrometheusLabels.Write(text, point.Tags);
        text.Write(" ");
    }

    private void WriteExemplar(in ReadOnlyExemplarCollection exemplars, double above, double upTo)
    {
        foreach (ref readonly Exemplar exemplar in exemplars)
        {
            double value = exemplar.DoubleValue;
            if (exemplar.TraceId == default || !(value > above && value <= upTo))
                continue;
            text.Write(" # {trace_id=\"");
            text.Write(exemplar.TraceId.ToHexString());
            text.Write("\",span_id=\"");
            text.Write(exemplar.SpanId.ToHexString());
            text.Write("\"} ");
            text.Write(value);
            text.Write(" ");
            text.Write(exemplar.Timestamp.ToUnixTimeMilliseconds() / 1000.0);
            return;
        }
    }
}
