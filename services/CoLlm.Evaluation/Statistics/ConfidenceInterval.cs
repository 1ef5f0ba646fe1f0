using CoLlm.Inference.Sampling;

namespace CoLlm.Evaluation.Statistics;

/// <summary>How an interval was found.</summary>
public enum IntervalMethod
{
    /// <summary>Wilson's score interval, for shares of right answers.</summary>
    Wilson,

    /// <summary>Percentiles of the means of resampled values, for scores between right and wrong.</summary>
    Bootstrap,
}

/// <summary>A 95 % interval of a mean score.</summary>
public readonly record struct ConfidenceInterval(double Low, double High, IntervalMethod Method)
{
    public const int Resamples = 2000;

    /// <summary>Of the draws of the bootstrap: the same scores always give the same interval.</summary>
    public const ulong Seed = 95;

    private const double Z = 1.959963984540054;

    /// <summary>Wilson's interval where every score is 0 or 1, the bootstrap otherwise.</summary>
    /// <param name="scores">0 to 1 each; at least one.</param>
    public static ConfidenceInterval Of(IReadOnlyList<double> scores)
    {
        ArgumentOutOfRangeException.ThrowIfZero(scores.Count, nameof(scores));
        return scores.All(score => score is 0 or 1) ? Wilson(scores.Count(score => score == 1), scores.Count) : Bootstrap(scores);
    }

    /// <summary>The score interval of a share.</summary>
    /// <param name="right">0 to <paramref name="count"/>.</param>
    /// <param name="count">At least 1.</param>
    public static ConfidenceInterval Wilson(int right, int count)
    {
        double share = (double)right / count;
        double spread = Z * Z / count;
        double center = (share + (spread / 2)) / (1 + spread);
        double half = Z / (1 + spread) * Math.Sqrt((share * (1 - share) / count) + (spread / (4 * count)));

        // Rounding must not push the ends of "all wrong" and "all right" off the scale.
        return new ConfidenceInterval(right == 0 ? 0 : Math.Max(0, center - half), right == count ? 1 : Math.Min(1, center + half), IntervalMethod.Wilson);
    }

    private static ConfidenceInterval Bootstrap(IReadOnlyList<double> scores)
    {
        double[] means = new double[Resamples];
        for (int i = 0; i < Resamples; i++)
        {
            double sum = 0;
            for (int draw = 0; draw < scores.Count; draw++)
                sum += scores[(int)(CounterRandom.Uniform(Seed, draw, (uint)i) * scores.Count)];
            means[i] = sum / scores.Count;
        }

        Array.Sort(means);
        return new ConfidenceInterval(means[(int)(0.025 * Resamples)], means[(int)(0.975 * Resamples) - 1], IntervalMethod.Bootstrap);
    }
}
