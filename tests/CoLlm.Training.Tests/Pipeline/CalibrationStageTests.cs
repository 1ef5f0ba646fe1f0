using CoLlm.Training.Pipeline;

namespace CoLlm.Training.Tests.Pipeline;

/// <summary>Which validation questions thresholds are calibrated on.</summary>
public sealed class CalibrationStageTests
{
    [Theory]
    [InlineData(3, 3)]
    [InlineData(3, 100)]
    public void Sample_FewQuestions_TakesAll(int count, int most) =>
        Assert.Equal(Enumerable.Range(0, count), CalibrationStage.Sample([.. Enumerable.Range(0, count)], most));

    [Theory]
    [InlineData(100, 7)]
    [InlineData(8, 5)]
    public void Sample_ManyQuestions_SpreadsOverAllOfThem(int count, int most)
    {
        int[] sample = CalibrationStage.Sample([.. Enumerable.Range(0, count)], most);
        Assert.Equal(most, sample.Distinct().Count());
        Assert.All(sample.Zip(sample.Skip(1), (one, next) => next - one), gap => Assert.InRange(gap, count / most, (count / most) + 1));
    }
}
