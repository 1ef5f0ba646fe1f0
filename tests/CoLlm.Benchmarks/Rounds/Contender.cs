namespace CoLlm.Benchmarks.Rounds;

/// <summary>One implementation in a comparison: asked for so many operations, it answers what each of them took.</summary>
/// <param name="Name">How the result table calls it.</param>
/// <param name="MeasureAsync">Performs the given number of operations and returns one sample per operation, in microseconds (or whatever unit the table names).</param>
internal sealed record Contender(string Name, Func<int, Task<double[]>> MeasureAsync)
{
    /// <summary>A contender whose operation is synchronous and runs in this process.</summary>
    public static Contender Timed(string name, Action operation) => new(name, count =>
    {
        double[] samples = new double[count];
        for (int i = 0; i < count; i++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            operation();
            samples[i] = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        return Task.FromResult(samples);
    });
}
