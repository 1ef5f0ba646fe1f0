using CoLlm.Evaluation.Statistics;

namespace CoLlm.Evaluation.Tests.Statistics;

/// <summary>95 % intervals.</summary>
public sealed class ConfidenceIntervalTests
{
    // By hand: z = 1.959964, centre (p + z^2/2n) / (1 + z^2/n), half width z / (1 + z^2/n) * sqrt(p(1-p)/n + z^2/4n^2).
    [Theory]
    [InlineData(5, 10, 0.2366, 0.7634)]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(10, 10, 0.7225, 1)]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(1, 1, 0.2065, 1)]
    public void Wilson_KnownCounts_GivesKnownEnds(int right, int count, double low, double high)
    {
        ConfidenceInterval interval = ConfidenceInterval.Wilson(right, count);
        Assert.Equal(low, interval.Low, 4);
        Assert.Equal(high, interval.High, 4);
    }

    [Fact]
    public void Of_RightOrWrong_IsWilson() => Assert.Equal(ConfidenceInterval.Wilson(2, 3), ConfidenceInterval.Of([1, 0, 1]));

    [Fact]
    public void Of_ScoresBetween_IsABootstrapThatRepeats()
    {
        double[] scores = [.. Enumerable.Range(0, 200).Select(i => i % 5 / 4.0)];
        ConfidenceInterval interval = ConfidenceInterval.Of(scores);
        Assert.Equal(interval, ConfidenceInterval.Of(scores));
        Assert.Equal(IntervalMethod.Bootstrap, interval.Method);

        // Mean 0.5, deviation sqrt(0.125), so the normal approximation is 0.5 +- 1.96 * 0.025.
        Assert.Equal(0.451, interval.Low, 0.008);
        Assert.Equal(0.549, interval.High, 0.008);
    }

    [Fact]
    public void Of_EqualScores_HasNoWidth()
    {
        ConfidenceInterval interval = ConfidenceInterval.Of([0.25, 0.25, 0.25]);
        Assert.Equal((0.25, 0.25), (interval.Low, interval.High));
    }

    [Fact]
    public void Of_NoScores_IsABug() => Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.Of([]));
}
