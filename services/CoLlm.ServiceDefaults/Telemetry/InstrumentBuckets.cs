using System.Diagnostics.Metrics;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>Bounds of the histograms' buckets; they travel with the instrument, so that every exporter uses them.</summary>
public static class InstrumentBuckets
{
    /// <summary>0.1 ms to two minutes.</summary>
    public static InstrumentAdvice<double> Seconds { get; } = new()
    {
        HistogramBucketBoundaries =
            [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    };

    /// <summary>Rates and probabilities, 0 to 1.</summary>
    public static InstrumentAdvice<double> Shares { get; } = new()
    {
        HistogramBucketBoundaries =
            [0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99, 1],
    };

    /// <summary>Powers of two up to 8192, and none.</summary>
    public static InstrumentAdvice<long> Counts { get; } = new()
    {
        HistogramBucketBoundaries = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192],
    };

    /// <summary>What lies below the powers of two: the engine counts its steps between those.</summary>
    public static InstrumentAdvice<long> Rows { get; } = new()
    {
        HistogramBucketBoundaries = [1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191],
    };
}
