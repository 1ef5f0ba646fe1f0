using System.Diagnostics.Metrics;
using CoLlm.Inference;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>One engine under the name of its model, and how many of its steps have been recorded. Safe to use from any thread.</summary>
internal sealed class ObservedEngine(string model, InferenceEngine engine)
{
    private const int MostBuckets = 17;

    private readonly Lock _lock = new();
    private readonly long[] _recorded = new long[MostBuckets];

    public InferenceEngine Engine => engine;

    public KeyValuePair<string, object?> Tag { get; } = new("model", model);

    /// <summary>Records the steps since the last call, each with the middle of its range of rows.</summary>
    public void RecordSteps(Histogram<long> rows)
    {
        Span<long> counts = stackalloc long[MostBuckets];
        lock (_lock)
        {
            int length = engine.CopyStepsByRows(counts);
            for (int i = 0; i < length; i++)
            {
                long middle = ((1L << i) + (1L << (i + 1)) - 1) / 2;
                for (; _recorded[i] < counts[i]; _recorded[i]++)
                    rows.Record(middle, Tag);
            }
        }
    }
}
