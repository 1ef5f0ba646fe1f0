using CoLlm.Decoding.Base;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.Tests.Scripted;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Tests;

/// <summary>The laws of collaborative decoding, on scripted models.</summary>
public sealed class CollaborativeDecoderTests
{
    [Theory]
    [InlineData(1f)]
    [InlineData(2f)]
    public async Task Decode_ThresholdOneOrMore_EqualsBaseAlone(float threshold)
    {
        var deferring = new Scene();
        var alone = new Scene();
        DecodingSummary summary = await deferring.DecodeAsync(Scene.Request(threshold));
        await alone.DecodeAsync(Scene.Request() with { Mode = DecodingMode.BaseOnly });

        Assert.Equal(alone.Sink.TokenIds, deferring.Sink.TokenIds);
        Assert.Equal(0f, summary.RealisedDeferralRate);
        Assert.Empty(deferring.Experts[0].Questions);
        Assert.Equal(0, deferring.Experts[0].PrepareCount);
    }

    [Fact]
    public async Task Decode_ThresholdBelowZero_EqualsExpertAlone()
    {
        var deferring = new Scene();
        var alone = new Scene();
        DecodingSummary summary = await deferring.DecodeAsync(Scene.Request(-1f));
        await alone.DecodeAsync(Scene.Request() with { Mode = DecodingMode.ExpertOnly });

        Assert.Equal(alone.Sink.TokenIds, deferring.Sink.TokenIds);
        Assert.Equal(1f, summary.RealisedDeferralRate);
        Assert.Empty(alone.Base.StepLengths);
        Assert.All(alone.Sink.Tokens, token => Assert.Null(token.DeferralProbability));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Decode_RandomThresholds_EqualsTheNaiveLoop(int expertCount)
    {
        var random = new Random(expertCount);
        for (int seed = 1; seed <= 25; seed++)
        {
            float threshold = random.NextSingle();
            var scene = new Scene(seed, expertCount);
            DecodingRequest request = Scene.Request(threshold);
            DecodingSummary summary = await scene.DecodeAsync(request);
            (int[] tokenIds, int[] origins) = scene.DecodeNaively(request, expertCount == 0 ? 1f : threshold);

            Assert.Equal(tokenIds, scene.Sink.TokenIds);
            Assert.Equal(origins, scene.Sink.Tokens.Select(token => token.Origin == TokenOrigin.Base ? -1 : token.ExpertIndex));
            Assert.Equal(origins.Count(origin => origin < 0), summary.BaseTokenCount);
            for (int k = 0; k < expertCount; k++)
                Assert.Equal(origins.Count(origin => origin == k), summary.Experts[k].TokenCount);
        }
    }

    [Fact]
    public async Task Decode_AnyRequest_FeedsTheBaseEachTokenOnce()
    {
        var scene = new Scene();
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request());
        Assert.Equal([5, .. Enumerable.Repeat(1, 39)], scene.Base.StepLengths);
        Assert.Equal((40, 44), (summary.BaseStepCount, summary.BaseComputedTokenCount));
        Assert.Equal(summary.Experts[0].TokenCount, scene.Experts[0].Questions.Count);
        Assert.Equal(Enumerable.Range(6, 40), scene.Experts[0].FollowedLengths);
    }

    [Theory]
    [InlineData(DecodingMode.Defer)]
    [InlineData(DecodingMode.MoreConfident)]
    [InlineData(DecodingMode.ExpertOnly)]
    public async Task Decode_TokenOfAnExpert_SaysWhetherTheBaseWouldHaveWrittenIt(DecodingMode mode)
    {
        var scene = new Scene(expertCount: 2);
        scene.Experts = [scene.Experts[0], new ScriptedExpert("twin of the base", new ScriptedModel(1, Scene.ExpertVocabulary), Scene.Vocabulary)];
        DecodingRequest request = Scene.Request(0f) with { Mode = mode };
        await scene.DecodeAsync(request);

        List<int> prefix = [.. request.Prompt.Span];
        foreach (TokenEvent token in scene.Sink.Tokens)
        {
            float[] logits = scene.BaseModel.Logits([.. prefix])[..Scene.Vocabulary];
            bool isBaseChoice = Array.IndexOf(logits, logits.Max()) == token.TokenId;
            Assert.Equal(token.Origin == TokenOrigin.Expert && mode != DecodingMode.ExpertOnly ? isBaseChoice : null, token.AgreesWithBase);
            prefix.Add(token.TokenId);
        }

        Assert.Contains(scene.Sink.Tokens, token => token.Origin == TokenOrigin.Expert && token.AgreesWithBase != true);
        Assert.Equal(mode == DecodingMode.Defer, scene.Sink.Tokens.Any(token => token.AgreesWithBase == true));
    }

    [Fact]
    public async Task Decode_OneExpert_IsPreparedAtOnceAndSeveralWhenNeeded()
    {
        var one = new Scene();
        await one.DecodeAsync(Scene.Request());
        Assert.Equal(1, one.Experts[0].PrepareCount);

        var two = new Scene(expertCount: 2);
        await two.DecodeAsync(Scene.Request(1f));
        Assert.All(two.Experts, expert => Assert.Equal((0, 0), (expert.PrepareCount, expert.FollowedLengths.Count)));
    }

    [Theory]
    [InlineData(DecodingMode.Defer)]
    [InlineData(DecodingMode.Compose)]
    [InlineData(DecodingMode.BaseOnly)]
    [InlineData(DecodingMode.ExpertOnly)]
    [InlineData(DecodingMode.MoreConfident)]
    public async Task Decode_SampledWithTheSameSeed_GivesTheSameTokens(DecodingMode mode)
    {
        async Task<TokenEvent[]> DecodeAsync(ulong seed)
        {
            var scene = new Scene(expertCount: 2);
            await scene.DecodeAsync(Scene.Request() with { Mode = mode, Sampling = SamplingParameters.Create(1f, topP: 0.95f, seed: seed) });
            return [.. scene.Sink.Tokens];
        }

        TokenEvent[] first = await DecodeAsync(5);
        Assert.Equal(first, await DecodeAsync(5));
        Assert.NotEqual(first, await DecodeAsync(6));
    }

    [Fact]
    public async Task Decode_ModelsThatSuspend_GiveTheSameTokens()
    {
        var immediate = new Scene(seed: 3);
        var suspending = new Scene(seed: 3)
        {
            Base = new ScriptedBase(new Scene(seed: 3).BaseModel) { IsAsynchronous = true },
        };
        suspending.Experts = [new ScriptedExpert("expert-0", suspending.ExpertModels[0], Scene.Vocabulary) { IsAsynchronous = true }];
        await immediate.DecodeAsync(Scene.Request());
        await suspending.DecodeAsync(Scene.Request());
        Assert.Equal(immediate.Sink.Tokens, suspending.Sink.Tokens);
    }

    [Fact]
    public async Task Decode_MoreConfident_TakesTheSurerModel()
    {
        var scene = new Scene();
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request() with { Mode = DecodingMode.MoreConfident });
        Assert.Equal(40, summary.Experts[0].CallCount);
        Assert.InRange(summary.BaseTokenCount, 1, 39);
        var sampler = new TokenSampler(64);
        List<int> prefix = [3, 1, 4, 1, 5];
        foreach (TokenEvent token in scene.Sink.Tokens)
        {
            SampledToken own = sampler.Sample(scene.BaseModel.Logits([.. prefix]).AsSpan(0, Scene.Vocabulary), SamplingParameters.Greedy, [], 0);
            SampledToken other = sampler.Sample(scene.ExpertModels[0].Logits([.. prefix]).AsSpan(0, Scene.Vocabulary), SamplingParameters.Greedy, [], 0);
            Assert.Equal(Math.Max(own.LogProbability, other.LogProbability), token.LogProbability);
            prefix.Add(token.TokenId);
        }
    }

    [Fact]
    public async Task Decode_BaseFails_EndsWithTheOutcome()
    {
        var scene = new Scene
        {
            Base = new ScriptedBase(new Scene().BaseModel) { Outcome = step => step < 3 ? BaseOutcome.Computed : BaseOutcome.BackendFault },
        };
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request());
        Assert.Equal((FinishReason.BaseFailed, BaseOutcome.BackendFault, 3), (summary.FinishReason, summary.BaseOutcome, scene.Sink.Tokens.Count));
    }

    [Fact]
    public async Task Decode_Shutdown_EndsAfterTheTokenAtHand()
    {
        using var shutdown = new CancellationTokenSource();
        var scene = new Scene { Sink = new CollectingSink { OnToken = token => { if (token.Position == 11) shutdown.Cancel(); } } };
        DecodingSummary summary = await scene.DecodeAsync(Scene.Request(), shutdown.Token);
        Assert.Equal((FinishReason.Shutdown, 7, 7), (summary.FinishReason, summary.TokenCount, scene.Sink.Tokens.Count));
    }

    [Fact]
    public async Task Decode_ClientGone_Throws()
    {
        using var client = new CancellationTokenSource();
        var scene = new Scene { Sink = new CollectingSink { OnToken = token => { if (token.Position == 11) client.Cancel(); } } };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scene.DecodeAsync(Scene.Request(), cancellationToken: client.Token));
        Assert.Equal(7, scene.Sink.Tokens.Count);
    }

    [Fact]
    public async Task Decode_SteadyState_AllocatesNothingPerToken()
    {
        // Constant models answer at once from prepared buffers, so that what remains is the decoder's own.
        async Task<long> AllocatedAsync(int tokenCount)
        {
            var sink = new DiscardingSink();
            DecodingRequest request = Scene.Request(0.5f, tokenCount);
            var models = new DecodingModels(new ConstantBase(), new Scene().Head, [new ConstantExpert()]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            await new CollaborativeDecoder(request, models, new ConstantText(), sink, TimeProvider.System).DecodeAsync(default, default);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // The runtime allocates now and then for itself, never less than the decoder does: the least of several runs is the decoder's.
        (long few, long many) = (long.MaxValue, long.MaxValue);
        for (int round = 0; round < 6; round++)
        {
            few = Math.Min(few, await AllocatedAsync(1000));
            many = Math.Min(many, await AllocatedAsync(3000));
        }

        Assert.InRange(many - few, 0, 2000 * sizeof(int) + 64);
    }

    private sealed class DiscardingSink : ITokenSink
    {
        public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken) => default;
    }

    private sealed class ConstantText : ITokenText
    {
        public string Append(int tokenId) => "x";

        public string Flush() => "";
    }

    private sealed class ConstantBase : IBaseSession
    {
        private readonly float[] _logits = new ScriptedModel(1, Scene.Vocabulary).Logits([1]);
        private readonly float[][] _hidden = [new ScriptedModel(1, 1).HiddenState([1]), [.. new ScriptedModel(1, 1).HiddenState([1]).Select(x => -x)]];
        private int _step;

        public ValueTask<BaseStep> AdvanceAsync(ReadOnlyMemory<int> tokenIds, OutputReduction reduction, CancellationToken cancellationToken) =>
            new(new BaseStep(BaseOutcome.Computed, _logits, _hidden[_step++ % 2]));
    }

    private sealed class ConstantExpert : IExpertSession
    {
        public string Name => "constant";

        public ExpertCost Cost => default;

        public void Prepare(TokenHistory history)
        {
        }

        public void Follow(TokenHistory history)
        {
        }

        public ValueTask<ExpertAnswer> AskAsync(TokenHistory history, ExpertQuestion question, CancellationToken cancellationToken) =>
            new(ExpertAnswer.Of(new SampledToken(1, -1f, 1)));
    }
}
