using CoLlm.Decoding.SwapHeads;

namespace CoLlm.Decoding.Tests.SwapHeads;

/// <summary>The swap head against its definition.</summary>
public sealed class SwapHeadTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 16)]
    [InlineData(1, 1001)]
    [InlineData(2, 48)]
    [InlineData(5, 100)]
    public void Score_RandomStates_EqualsTheSoftmax(int expertCount, int hiddenSize)
    {
        var random = new Random(hiddenSize);
        for (int round = 0; round < 50; round++)
        {
            float[] theta = Values(random, expertCount * hiddenSize);
            float[] hidden = Values(random, hiddenSize);
            float[] probabilities = new float[expertCount];
            SwapScore score = new SwapHead(theta, hiddenSize).Score(hidden, probabilities);

            double[] weights = [.. Enumerable.Range(0, expertCount).Select(k =>
                Math.Exp(hidden.Select((value, i) => (double)value * theta[k * hiddenSize + i]).Sum()))];
            double total = 1 + weights.Sum();
            Assert.Equal(weights.Sum() / total, score.DeferralProbability, 1e-5);
            Assert.Equal(Array.IndexOf(weights, weights.Max()), score.ExpertIndex);
            Assert.All(weights.Index(), pair => Assert.Equal(pair.Item / total, probabilities[pair.Index], 1e-5));
        }
    }

    [Theory]
    [InlineData(1000f, 1f)]
    [InlineData(-1000f, 0f)]
    [InlineData(0f, 0.5f)]
    public void Score_ExtremeLogits_Saturate(float logit, float expected) =>
        Assert.Equal(expected, new SwapHead([logit], 1).Score([1f], new float[1]).DeferralProbability);

    [Fact]
    public void Score_TiedExperts_LowestIndexWins() =>
        Assert.Equal(1, new SwapHead([0f, 2f, 2f], 1).Score([1f], new float[3]).ExpertIndex);

    [Fact]
    public void Restrict_SomeExperts_GivesTheRestToTheBase()
    {
        var random = new Random(1);
        float[] hidden = Values(random, 32);
        var head = new SwapHead(Values(random, 4 * 32), 32);
        float[] all = new float[4];
        head.Score(hidden, all);
        float[] some = new float[2];
        SwapScore score = head.Restrict([3, 1]).Score(hidden, some);

        Assert.Equal([all[3], all[1]], some);
        Assert.Equal(all[3] + all[1], score.DeferralProbability, 1e-6);
        Assert.Equal(all[3] >= all[1] ? 0 : 1, score.ExpertIndex);
        Assert.Equal(new SwapScore(0f, 0), head.Restrict([]).Score(hidden, []));
    }

    [Fact]
    public void Logit_AnyOffsetInMemory_GivesEqualBits()
    {
        var random = new Random(2);
        float[] hidden = Values(random, 333);
        var head = new SwapHead(Values(random, 333), 333);
        float expected = head.Logit(0, hidden);
        for (int offset = 0; offset < 20; offset++)
        {
            float[] moved = new float[333 + offset];
            hidden.CopyTo(moved, offset);
            Assert.Equal(expected, head.Logit(0, moved.AsSpan(offset)));
        }
    }

    [Fact]
    public void Score_StateOfAnotherWidth_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SwapHead(new float[8], 8).Score(new float[9], new float[1]));

    private static float[] Values(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
