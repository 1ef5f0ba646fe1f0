using CoLlm.Training.Pipeline;

namespace CoLlm.Training.Tests.Pipeline;

public sealed class RocCurveTests
{
    [Fact]
    public void Of_PerfectSeparation_HasAreaOneAndACutBetweenTheClasses()
    {
        RocCurve curve = RocCurve.Of([0.1f, 0.9f, 0.2f, 0.8f], [false, true, false, true])!;

        Assert.Equal(1, curve.Area);
        Assert.Equal(0.2f, curve.Threshold);
        Assert.Equal((1, 0), (curve.Sensitivity, curve.FalsePositiveRate));
    }

    [Fact]
    public void Of_AllScoresEqual_HasAreaOneHalf() =>
        Assert.Equal(0.5, RocCurve.Of([0.3f, 0.3f, 0.3f, 0.3f, 0.3f], [true, false, true, false, false])!.Area);

    [Fact]
    public void Of_RandomScores_AgreesWithCountingPairs()
    {
        SeededRandom random = new(8);
        float[] scores = [.. Enumerable.Range(0, 200).Select(_ => random.NextIndex(40) / 40f)];
        bool[] labels = [.. scores.Select(score => random.NextDouble() < score)];
        double pairs = 0;
        foreach (float positive in scores.Where((_, i) => labels[i]))
            pairs += scores.Where((_, i) => !labels[i]).Sum(negative => positive > negative ? 1 : positive == negative ? 0.5 : 0);

        RocCurve curve = RocCurve.Of(scores, labels)!;

        Assert.Equal(pairs / (labels.Count(label => label) * (double)labels.Count(label => !label)), curve.Area, 1e-12);
        Assert.Equal(scores.Where((score, i) => labels[i] && score > curve.Threshold).Count() / (double)labels.Count(label => label), curve.Sensitivity, 1e-12);
    }

    [Fact]
    public void Of_OneClassOnly_IsNull() => Assert.Null(RocCurve.Of([0.5f, 0.6f], [true, true]));
}
