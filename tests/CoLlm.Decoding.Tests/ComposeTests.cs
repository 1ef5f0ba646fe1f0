using CoLlm.Decoding.SwapHeads;
using CoLlm.Decoding.Tests.Scripted;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Tests;

/// <summary>The mixture of base and experts.</summary>
public sealed class ComposeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Decode_Compose_EqualsTheWeightedSum(int expertCount)
    {
        var scene = new Scene(seed: 6, expertCount);
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request() with { Mode = DecodingMode.Compose });
        List<int> prefix = [3, 1, 4, 1, 5];
        float[] shares = new float[expertCount];
        foreach (TokenEvent token in scene.Sink.Tokens)
        {
            scene.Head!.Score(scene.BaseModel.HiddenState([.. prefix]), shares);
            double[] mixed = [.. Softmax(scene.BaseModel.Logits([.. prefix])).Select(p => p * (1 - shares.Sum()))];
            for (int k = 0; k < expertCount; k++)
            {
                double[] other = Softmax(scene.ExpertModels[k].Logits([.. prefix]));
                mixed = [.. mixed.Select((p, id) => p + shares[k] * other[id])];
            }

            Assert.Equal(Array.IndexOf(mixed, mixed.Max()), token.TokenId);
            Assert.Equal(Math.Log(mixed.Max()), token.LogProbability, 2e-3);
            Assert.Equal(TokenOrigin.Composed, token.Origin);
            prefix.Add(token.TokenId);
        }

        Assert.Equal((40, 0f), (summary.ComposedTokenCount, summary.RealisedDeferralRate));
        Assert.All(summary.Experts, expert => Assert.Equal(40, expert.CallCount));
    }

    [Theory]
    [InlineData(-1e6f, DecodingMode.BaseOnly)]
    [InlineData(1e6f, DecodingMode.ExpertOnly)]
    public async Task Decode_ComposeWithACertainHead_EqualsOneModelAlone(float logit, DecodingMode expected)
    {
        // A head whose weights follow the sign of nothing cannot be certain everywhere, so the state is made constant in one entry.
        var scene = new Scene { Head = new SwapHead([.. Enumerable.Repeat(0f, Scene.HiddenSize - 1), logit], Scene.HiddenSize), Base = Certain(new Scene()) };
        var alone = new Scene();
        await scene.DecodeAsync(Scene.Request() with { Mode = DecodingMode.Compose });
        await alone.DecodeAsync(Scene.Request() with { Mode = expected });
        Assert.Equal(alone.Sink.TokenIds, scene.Sink.TokenIds);
    }

    [Fact]
    public void FindProblem_ModesWithoutTheirModels_AreNamed()
    {
        Assert.Equal("Composing needs a swap head, and the model has none.", (Scene.Request() with { Mode = DecodingMode.Compose }).FindProblem(1, false));
        Assert.Equal("The mode needs an expert, and the model has none.", (Scene.Request() with { Mode = DecodingMode.ExpertOnly }).FindProblem(0, true));
        Assert.Equal("The prompt has no token.", (Scene.Request() with { Prompt = default }).FindProblem(1, true));
        Assert.Equal("The prompt has token id 40; the models share the ids 0 to 39.", (Scene.Request() with { Prompt = new[] { 1, 40 } }).FindProblem(1, true));
        Assert.Contains("a sequence has at most 5", (Scene.Request() with { MaxSequenceTokens = 5 }).FindProblem(1, true));
        Assert.Null(Scene.Request().FindProblem(0, false));
    }

    [Fact]
    public async Task Decode_ComposeSampled_RepeatsForItsSeed()
    {
        var sampling = SamplingParameters.Create(0.8f, topK: 10, repetitionPenalty: 1.2f, seed: 4);
        var first = new Scene();
        var second = new Scene();
        await first.DecodeAsync(Scene.Request() with { Mode = DecodingMode.Compose, Sampling = sampling });
        await second.DecodeAsync(Scene.Request() with { Mode = DecodingMode.Compose, Sampling = sampling });
        Assert.Equal(first.Sink.Tokens, second.Sink.Tokens);
    }

    private static ScriptedBase Certain(Scene scene) => new(scene.BaseModel) { ChangeHiddenState = hidden => hidden[^1] = 1f };

    private static double[] Softmax(float[] logits)
    {
        double[] weights = [.. logits[..Scene.Vocabulary].Select(logit => Math.Exp(logit))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }
}
