using CoLlm.Decoding.SwapHeads;

namespace CoLlm.Decoding.Tests.SwapHeads;

/// <summary>Target rates to thresholds, and back.</summary>
public sealed class CalibrationTableTests
{
    private static readonly CalibrationTable Table = Create((0.1f, 0.9f), (0.5f, 0.5f), (0.9f, 0.1f));

    [Theory]
    [InlineData(0.1f, 0.9f)]
    [InlineData(0.3f, 0.7f)]
    [InlineData(0.9f, 0.1f)]
    [InlineData(0.05f, 0.95f)]
    [InlineData(0.95f, 0.05f)]
    [InlineData(0f, 1f)]
    [InlineData(1f, -1f)]
    public void ThresholdFor_TargetRate_IsLinearBetweenRows(float rate, float expected) => Assert.Equal(expected, Table.ThresholdFor(rate), 1e-5f);

    [Theory]
    [InlineData(1.5f, 0f)]
    [InlineData(1f, 0f)]
    [InlineData(0.95f, 0.05f)]
    [InlineData(0.7f, 0.3f)]
    [InlineData(0.1f, 0.9f)]
    [InlineData(0f, 1f)]
    [InlineData(-0.5f, 1f)]
    public void RateFor_Threshold_IsLinearBetweenRows(float threshold, float expected) => Assert.Equal(expected, Table.RateFor(threshold), 1e-5f);

    [Fact]
    public void RateFor_ThresholdOfARate_IsThatRate()
    {
        CalibrationTable uneven = Create((0.05f, 0.7f), (0.2f, 0.4f), (0.6f, 0.399f), (0.8f, 0.002f));
        Assert.All(Enumerable.Range(0, 101).Select(i => i / 100f), rate => Assert.Equal(rate, uneven.RateFor(uneven.ThresholdFor(rate)), 1e-4f));
    }

    [Fact]
    public void RateFor_TableWithItsOwnEnds_UsesThem()
    {
        CalibrationTable table = Create((0f, 0.8f), (1f, 0.01f));
        Assert.Equal((0f, 1f), (table.RateFor(0.9f), table.RateFor(0.005f)));
    }

    [Fact]
    public void WithBest_RateOfARow_MarksItAndChangesNoRow()
    {
        CalibrationTable marked = Table.WithBest(0.5f);
        Assert.Equal(new CalibrationPoint(0.5f, 0.5f), marked.Best);
        Assert.Equal(Table.Points, marked.Points);
        Assert.Null(Table.Best);
    }

    [Fact]
    public void WithBest_RateWithoutARow_IsRefused() => Assert.Throws<ArgumentException>(() => Table.WithBest(0.4f));

    [Fact]
    public void ThresholdFor_RisingRates_NeverRises()
    {
        float[] thresholds = [.. Enumerable.Range(0, 101).Select(i => Table.ThresholdFor(i / 100f))];
        Assert.Equal(thresholds.OrderDescending(), thresholds);
    }

    [Fact]
    public void ThresholdFor_TableWithItsOwnEnds_UsesThem()
    {
        CalibrationTable table = Create((0f, 0.8f), (1f, 0.01f));
        Assert.Equal((0.8f, 0.01f), (table.ThresholdFor(0f), table.ThresholdFor(1f)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 1000)]
    [InlineData(997, 1000)]
    [InlineData(500, 7)]
    public void FromProbabilities_EachRate_DefersThatShareOrTheNextSmaller(int count, int distinct)
    {
        var random = new Random(count);
        float[] probabilities = [.. Enumerable.Range(0, count).Select(_ => random.Next(distinct) / (float)distinct)];
        float[] rates = [.. Enumerable.Range(0, 11).Select(i => i / 10f)];
        CalibrationTable table = CalibrationTable.FromProbabilities([.. probabilities], rates);
        foreach (CalibrationPoint point in table.Points)
        {
            int deferred = probabilities.Count(probability => probability > point.Threshold);
            int wanted = (int)((double)point.TargetRate * count);
            Assert.InRange(deferred, 0, wanted);
            Assert.True(deferred == wanted || probabilities.Count(probability => probability >= point.Threshold) > wanted);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(-0.1f)]
    [InlineData(1.1f)]
    public void ThresholdFor_RateOutOfBounds_Throws(float rate) => Assert.Throws<ArgumentOutOfRangeException>(() => Table.ThresholdFor(rate));

    [Theory]
    [InlineData(0.2f, 0.5f, 0.2f, 0.4f, "row 1 of the calibration table does not raise the target rate")]
    [InlineData(0.2f, 0.5f, 0.3f, 0.6f, "row 1 of the calibration table raises the threshold")]
    [InlineData(float.NaN, 0.5f, 0.3f, 0.4f, "row 0 of the calibration table has a target rate outside 0 to 1")]
    [InlineData(0.2f, 0.5f, 0.3f, float.NegativeInfinity, "row 1 of the calibration table has a threshold outside -1 to 1")]
    public void TryCreate_BadRows_AreNamed(float rate0, float threshold0, float rate1, float threshold1, string expected)
    {
        Assert.Null(CalibrationTable.TryCreate([new(rate0, threshold0), new(rate1, threshold1)], out string? problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void TryCreate_NoRows_IsRefused() => Assert.Null(CalibrationTable.TryCreate([], out _));

    private static CalibrationTable Create(params (float Rate, float Threshold)[] rows) =>
        CalibrationTable.TryCreate([.. rows.Select(row => new CalibrationPoint(row.Rate, row.Threshold))], out _)!;
}
