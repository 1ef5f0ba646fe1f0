using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Tests.Scripted;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Tests;

/// <summary>What happens when a token is deferred and no expert answers.</summary>
public sealed class ExpertLossTests
{
    [Theory]
    [InlineData(WhenExpertUnavailable.Fail)]
    [InlineData(WhenExpertUnavailable.Wait)]
    public async Task Decode_ExpertLostMidway_EndsWithTheTokensSoFar(WhenExpertUnavailable choice)
    {
        Scene scene = Losing(ExpertOutcome.Unavailable, from: 4);
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request(-1f) with
        {
            WhenExpertUnavailable = choice,
            ExpertPatience = TimeSpan.FromSeconds(3),
        });

        Assert.Equal((FinishReason.ExpertUnavailable, ExpertOutcome.Unavailable), (summary.FinishReason, summary.ExpertOutcome));
        Assert.Equal((4, 5, 1), (summary.TokenCount, summary.Experts[0].CallCount, summary.Experts[0].FailedCallCount));
        Assert.Equal(4, scene.Sink.Tokens.Count);
        TimeSpan expected = choice == WhenExpertUnavailable.Wait ? TimeSpan.FromSeconds(3) : TimeSpan.Zero;
        Assert.All(scene.Experts[0].Questions, question => Assert.Equal(expected, question.Patience));
    }

    [Fact]
    public async Task Decode_ExpertLostMidway_ContinuesWithBaseMarkedAndCounted()
    {
        Scene scene = Losing(ExpertOutcome.Overloaded, from: 4);
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request(-1f) with { WhenExpertUnavailable = WhenExpertUnavailable.Base });

        Assert.Equal((FinishReason.MaxTokens, 40), (summary.FinishReason, summary.TokenCount));
        Assert.Equal((4, 36, 36), (summary.Experts[0].TokenCount, summary.BaseTokenCount, summary.FallbackTokenCount));
        Assert.All(scene.Sink.Tokens.Skip(4), token => Assert.Equal(
            (true, true, TokenOrigin.Base, DeferralReason.AboveThreshold), (token.IsFallback, token.IsContested, token.Origin, token.Reason)));
        Assert.Equal(0.1f, summary.RealisedDeferralRate);
    }

    [Fact]
    public async Task Decode_ExpertLostForOneToken_ReturnsToTheExpert()
    {
        var scene = new Scene();
        scene.Experts = [new ScriptedExpert("flaky", scene.ExpertModels[0], Scene.Vocabulary)
        {
            Outcome = ask => ask == 2 ? ExpertOutcome.DeadlineExceeded : ExpertOutcome.Answered,
        }];
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request(-1f) with { WhenExpertUnavailable = WhenExpertUnavailable.Base });
        Assert.Equal([2], scene.Sink.Tokens.Where(token => token.IsFallback).Select(token => token.Position - 5));
        Assert.Equal(39, summary.Experts[0].TokenCount);
    }

    [Fact]
    public async Task Decode_ExpertAnswersAnIdNobodyShares_CountsAsNoAnswer()
    {
        var scene = new Scene();
        scene.Experts = [new ScriptedExpert("alien", scene.ExpertModels[0], Scene.Vocabulary)
        {
            Distort = _ => ExpertAnswer.Of(new SampledToken(Scene.Vocabulary, -1f, 0)),
        }];
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request(-1f));
        Assert.Equal((FinishReason.ExpertUnavailable, ExpertOutcome.Unsupported, 0), (summary.FinishReason, summary.ExpertOutcome, summary.TokenCount));
    }

    [Theory]
    [InlineData(DecodingMode.Compose)]
    [InlineData(DecodingMode.MoreConfident)]
    public async Task Decode_ExpertLostInAModeThatAsksAlways_BaseStandsIn(DecodingMode mode)
    {
        Scene scene = Losing(ExpertOutcome.Unavailable, from: 0);
        var alone = new Scene();
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request() with { Mode = mode, WhenExpertUnavailable = WhenExpertUnavailable.Base });
        await alone.DecodeAsync(Scene.Request() with { Mode = DecodingMode.BaseOnly });
        Assert.Equal(alone.Sink.TokenIds, scene.Sink.TokenIds);
        Assert.Equal(40, summary.FallbackTokenCount);
    }

    [Fact]
    public async Task Decode_ComposeWithMalformedLogits_CountsAsNoAnswer()
    {
        var scene = new Scene();
        scene.Experts = [new ScriptedExpert("short", scene.ExpertModels[0], Scene.Vocabulary) { Distort = _ => ExpertAnswer.Of(new Half[3]) }];
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request() with { Mode = DecodingMode.Compose });
        Assert.Equal((FinishReason.ExpertUnavailable, ExpertOutcome.Unsupported), (summary.FinishReason, summary.ExpertOutcome));
    }

    private static Scene Losing(ExpertOutcome outcome, int from)
    {
        var scene = new Scene();
        scene.Experts = [new ScriptedExpert("lost", scene.ExpertModels[0], Scene.Vocabulary)
        {
            Outcome = ask => ask < from ? ExpertOutcome.Answered : outcome,
        }];
        return scene;
    }
}
