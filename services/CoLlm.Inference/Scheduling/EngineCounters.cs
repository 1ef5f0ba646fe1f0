using System.Numerics;

namespace CoLlm.Inference.Scheduling;

/// <summary>Totals since the engine started; written under the engine's lock.</summary>
internal sealed class EngineCounters
{
    public const int BatchBuckets = 17;

    public long Steps { get; private set; }

    public TimeSpan StepTime { get; private set; }

    public long Rows { get; private set; }

    public long Outputs { get; private set; }

    public long RideAlongRows { get; private set; }

    public long SharedPrefixTokens { get; set; }

    public long CopiedBlocks { get; set; }

    public long FailedSessions { get; set; }

    public long Refusals { get; set; }

    /// <summary>Bucket i counts steps with 2^i to 2^(i+1) - 1 rows.</summary>
    public long[] StepsByRows { get; } = new long[BatchBuckets];

    public void CountStep(int rows, int outputs, int rideAlongRows, TimeSpan time)
    {
        Steps++;
        StepTime += time;
        Rows += rows;
        Outputs += outputs;
        RideAlongRows += rideAlongRows;
        StepsByRows[Math.Min(BitOperations.Log2((uint)Math.Max(rows, 1)), BatchBuckets - 1)]++;
    }
}
