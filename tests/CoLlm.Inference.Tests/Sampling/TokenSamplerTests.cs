using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

/// <summary>The fast sampler against its naive twin, and the laws of every parameter.</summary>
public sealed class TokenSamplerTests
{
    [Theory]
    [InlineData(0f, 0, 1f, 0f, 1f)]
    [InlineData(0f, 0, 1f, 0f, 1.7f)]
    [InlineData(1f, 0, 1f, 0f, 1f)]
    [InlineData(0.7f, 0, 1f, 0f, 1.3f)]
    [InlineData(1f, 5, 1f, 0f, 1f)]
    [InlineData(1f, 0, 0.8f, 0f, 1f)]
    [InlineData(2f, 0, 0.99f, 0f, 1f)]
    [InlineData(1f, 0, 1f, 0.1f, 1f)]
    [InlineData(1.5f, 40, 0.9f, 0.02f, 1.1f)]
    [InlineData(1f, 1, 0.01f, 1f, 0.9f)]
    [InlineData(1f, 100_000, 0.5f, 0f, 1f)]
    public void Sample_RandomLogits_EqualsNaiveTwin(float temperature, int topK, float topP, float minP, float penalty)
    {
        var random = new Random(1);
        var sampler = new TokenSampler(300);
        for (int round = 0; round < 400; round++)
        {
            var parameters = SamplingParameters.Create(temperature, topK, topP, minP, penalty, (ulong)random.NextInt64());
            float[] logits = RandomLogits(random, random.Next(1, 300));
            int[] prefix = [.. Enumerable.Range(0, random.Next(50)).Select(_ => random.Next(320))];
            SampledToken expected = NaiveSampler.Sample(logits, parameters, prefix, round);
            SampledToken actual = sampler.Sample(logits, parameters, prefix, round);

            Assert.Equal((expected.TokenId, expected.ArgmaxTokenId), (actual.TokenId, actual.ArgmaxTokenId));
            Assert.Equal(expected.LogProbability, actual.LogProbability, 1e-4f);
        }
    }

    [Fact]
    public void Sample_TiedLogits_KeepTheLowestIds()
    {
        var sampler = new TokenSampler(64);
        float[] logits = new float[64];
        for (int position = 0; position < 500; position++)
        {
            Assert.InRange(sampler.Sample(logits, SamplingParameters.Create(1f, topK: 3), [], position).TokenId, 0, 2);
            Assert.InRange(sampler.Sample(logits, SamplingParameters.Create(1f, topP: 0.25f), [], position).TokenId, 0, 15);
        }

        Assert.Equal(0, sampler.Sample(logits, SamplingParameters.Greedy, [], 0).TokenId);
    }

    [Fact]
    public void Sample_ManyPositions_FollowsTheDistribution()
    {
        var sampler = new TokenSampler(4);
        float[] logits = [.. new[] { 0.1, 0.2, 0.3, 0.4 }.Select(probability => (float)Math.Log(probability))];
        int[] counts = new int[4];
        for (int position = 0; position < 20_000; position++)
            counts[sampler.Sample(logits, SamplingParameters.Create(1f, seed: 3), [], position).TokenId]++;
        Assert.InRange(counts[0], 1850, 2150);
        Assert.InRange(counts[1], 3800, 4200);
        Assert.InRange(counts[2], 5750, 6250);
    }

    [Fact]
    public void Sample_SameSeedAndPosition_RepeatsWhateverWasDrawnBetween()
    {
        var random = new Random(9);
        float[][] rows = [.. Enumerable.Range(0, 50).Select(_ => RandomLogits(random, 200))];
        var parameters = SamplingParameters.Create(1f, topP: 0.95f, repetitionPenalty: 1.2f, seed: 77);
        var forward = new TokenSampler(200);
        var backward = new TokenSampler(200);

        int[] first = [.. Enumerable.Range(0, 50).Select(i => forward.Sample(rows[i], parameters, [1, 2, 3], i).TokenId)];
        int[] second = [.. Enumerable.Range(0, 50).Reverse().Select(i => backward.Sample(rows[i], parameters, [1, 2, 3], i).TokenId).Reverse()];

        Assert.Equal(first, second);
    }

    [Fact]
    public void Sample_TinyTemperature_IsGreedy()
    {
        var random = new Random(4);
        var sampler = new TokenSampler(100);
        for (int position = 0; position < 100; position++)
        {
            float[] logits = RandomLogits(random, 100);
            int greedy = sampler.Sample(logits, SamplingParameters.Greedy, [], position).TokenId;
            Assert.Equal(greedy, sampler.Sample(logits, SamplingParameters.Create(1e-30f), [], position).TokenId);
        }
    }

    [Fact]
    public void Sample_NegativeZeroMinP_KeepsEverything()
    {
        var sampler = new TokenSampler(8);
        int[] drawn = [.. Enumerable.Range(0, 200).Select(i => sampler.Sample(new float[8], SamplingParameters.Create(1f, minP: -0f), [], i).TokenId)];
        Assert.Equal(8, drawn.Distinct().Count());
    }

    [Fact]
    public void Sample_SteadyState_AllocatesNothing()
    {
        var sampler = new TokenSampler(2000);
        float[] logits = RandomLogits(new Random(2), 2000);
        var parameters = SamplingParameters.Create(0.9f, topK: 50, topP: 0.9f, minP: 0.01f, repetitionPenalty: 1.1f, seed: 5);
        int[] prefix = [1, 2, 3];
        long least = long.MaxValue;
        for (int round = 0; round < 6; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int position = 0; position < 100; position++)
                sampler.Sample(logits, parameters, prefix, position);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Sample_LongerRowThanItsScratch_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TokenSampler(4).Sample(new float[5], SamplingParameters.Greedy, [], 0));

    private static float[] RandomLogits(Random random, int length) =>
        [.. Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() - 0.5) * 12))];
}
