namespace CoLlm.Benchmarks.Rounds;

/// <summary>What one contender's rounds came to, alone and against the baseline of the same rounds.</summary>
/// <param name="Name">The contender.</param>
/// <param name="Median">Median of all samples of all rounds.</param>
/// <param name="P99">Median over the rounds of each round's 99th percentile, so that one disturbed round does not decide.</param>
/// <param name="MedianRatio">Median over the rounds of this median divided by the baseline's median of the same round.</param>
/// <param name="P99Ratio">The same for the 99th percentiles.</param>
/// <param name="Lowest">The smallest round median.</param>
/// <param name="Highest">The largest round median.</param>
internal sealed record RoundStatistics(
    string Name, double Median, double P99, double MedianRatio, double P99Ratio, double Lowest, double Highest)
{
    /// <summary>Summarises sorted samples, <c>[round][operation]</c>, against the baseline's samples of the same rounds.</summary>
    public static RoundStatistics Of(string name, double[][] rounds, double[][] baselineRounds)
    {
        double[] all = Sorted(rounds.SelectMany(round => round));
        double[] medians = [.. rounds.Select(round => Percentile(round, 0.5))];
        return new RoundStatistics(
            name,
            Percentile(all, 0.5),
            Percentile(Sorted(rounds.Select(round => Percentile(round, 0.99))), 0.5),
            Percentile(Sorted(rounds.Select((round, i) => Percentile(round, 0.5) / Percentile(baselineRounds[i], 0.5))), 0.5),
            Percentile(Sorted(rounds.Select((round, i) => Percentile(round, 0.99) / Percentile(baselineRounds[i], 0.99))), 0.5),
            medians.Min(),
            medians.Max());
    }

    /// <summary>The value below which the given share of the sorted samples lies, interpolated between neighbours.</summary>
    public static double Percentile(double[] sorted, double share)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sorted.Length);
        double position = share * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((sorted[above] - sorted[below]) * (position - below));
    }

    /// <summary>The value in the middle, of values in any order.</summary>
    public static double MedianOf(IEnumerable<double> values) => Percentile(Sorted(values), 0.5);

    private static double[] Sorted(IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted;
    }
}
