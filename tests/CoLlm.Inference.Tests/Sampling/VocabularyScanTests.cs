using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

/// <summary>Reductions over a row of logits against loops anyone can read, and their tie rules.</summary>
public sealed class VocabularyScanTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(512)]
    [InlineData(1003)]
    public void Argmax_SeveralEqual_FirstWins(int length)
    {
        var random = new Random(length);
        for (int round = 0; round < 200; round++)
        {
            float[] values = [.. Enumerable.Range(0, length).Select(_ => (float)random.Next(-3, 4))];
            Assert.Equal(Array.IndexOf(values, values.Max()), VocabularyScan.Argmax(values));
        }
    }

    [Fact]
    public void Argmax_SignedZeros_AreEqual() => Assert.Equal(0, VocabularyScan.Argmax([-0f, 0f]));

    [Fact]
    public void Argmax_NotANumber_NeverWins()
    {
        float[] values = [.. Enumerable.Repeat(float.NaN, 40)];
        values[21] = -5f;
        Assert.Equal(21, VocabularyScan.Argmax(values));
        Assert.Equal(0, VocabularyScan.Argmax([float.NaN, float.NaN]));
    }

    [Fact]
    public void Argmax_MaximumInLastLanes_IsFound()
    {
        for (int index = 0; index < 70; index++)
        {
            float[] values = new float[70];
            values[index] = 1f;
            Assert.Equal(index, VocabularyScan.Argmax(values));
        }
    }

    [Fact]
    public void Sum_AnyOffsetInMemory_GivesEqualBits()
    {
        var random = new Random(5);
        float[] row = [.. Enumerable.Range(0, 999).Select(_ => random.NextSingle())];
        double expected = VocabularyScan.Sum(row);
        Assert.Equal(row.Sum(value => (double)value), expected, 1e-9);
        for (int offset = 0; offset < 20; offset++)
        {
            float[] moved = new float[row.Length + offset];
            row.CopyTo(moved, offset);
            Assert.Equal(expected, VocabularyScan.Sum(moved.AsSpan(offset)));
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-8000f)]
    [InlineData(12345f)]
    public void LogSumExp_ShiftedLogits_DoesNotOverflow(float shift)
    {
        var random = new Random(7);
        float[] logits = [.. Enumerable.Range(0, 777).Select(_ => shift + random.NextSingle() * 10)];
        double expected = shift + Math.Log(logits.Sum(logit => Math.Exp((double)logit - shift)));
        Assert.Equal(expected, VocabularyScan.LogSumExp(logits, new float[777]), 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(2000)]
    public void IndexAtMass_RandomWeights_EqualsARunningSum(int length)
    {
        var random = new Random(length);
        for (int round = 0; round < 200; round++)
        {
            // Multiples of 1/8: every sum is exact, so the order of additions cannot matter.
            float[] weights = [.. Enumerable.Range(0, length).Select(_ => random.Next(3) == 0 ? random.Next(1, 9) / 8f : 0f)];
            double target = random.Next(0, (int)(weights.Sum() * 8) + 1) / 8.0;
            double sum = 0;
            int expected = Array.FindIndex(weights, weight => (sum += weight) > target);

            Assert.Equal(expected < 0 ? Math.Max(0, Array.FindLastIndex(weights, weight => weight > 0)) : expected, VocabularyScan.IndexAtMass(weights, target));
        }
    }

    [Fact]
    public void IndexAtMass_TargetBeyondTheSum_TakesTheLastTokenWithAWeight()
    {
        float[] weights = new float[1000];
        weights[300] = 1f;

        Assert.Equal(300, VocabularyScan.IndexAtMass(weights, 1.0));
    }
}
