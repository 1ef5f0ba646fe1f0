namespace CoLlm.Benchmarks.Rounds;

/// <summary>Measures contenders in turns, so that whatever the machine does meanwhile falls on all of them alike.</summary>
internal static class InterleavedRounds
{
    /// <summary>
    /// Warms every contender up, then runs <paramref name="rounds"/> rounds of <paramref name="operations"/> operations each; the first of
    /// a round is the second of the one before. The first contender is the baseline that ratios refer to.
    /// </summary>
    public static async Task<IReadOnlyList<RoundStatistics>> RunAsync(
        IReadOnlyList<Contender> contenders, int rounds, int operations, int warmupOperations)
    {
        ArgumentOutOfRangeException.ThrowIfZero(contenders.Count);
        foreach (Contender contender in contenders)
            await contender.MeasureAsync(warmupOperations);

        double[][][] samples = [.. contenders.Select(_ => new double[rounds][])];
        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < contenders.Count; turn++)
            {
                int index = (round + turn) % contenders.Count;
                double[] measured = await contenders[index].MeasureAsync(operations);
                Array.Sort(measured);
                samples[index][round] = measured;
            }
        }

        return [.. contenders.Select((contender, index) => RoundStatistics.Of(contender.Name, samples[index], samples[0]))];
    }
}
