using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Decoding.Tests.Scripted;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing.Golden;

namespace CoLlm.Decoding.Tests.Golden;

/// <summary>Collaborative decoding of real checkpoints against the stored runs, token for token.</summary>
public sealed class GoldenCollaborationTests
{
    private const int MaxTokens = 256;

    public static TheoryData<int> Runs => [.. Enumerable.Range(0, CollaborationRun.All.Count)];

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Decode_StoredRun_GivesItsTokensOriginsAndProbabilities(int index)
    {
        CollaborationRun run = CollaborationRun.All[index];
        await using var table = new Table("co-llm-tiny", run.Expert);
        DecodingRequest request = table.Request(run.Prompt, DecodingMode.Defer) with { Policy = new ThresholdPolicy(run.Threshold) };
        (CollectingSink sink, DecodingSummary summary) = await table.DecodeAsync(request);

        Assert.Equal(run.TokenIds, sink.TokenIds);
        Assert.Equal(run.FromExpert, sink.Tokens.Select(token => token.Origin == TokenOrigin.Expert ? 1 : 0));
        GoldenTolerance.AssertClose(
            run.DeferralProbabilities, [.. sink.Tokens.Select(token => token.DeferralProbability!.Value)], GoldenTolerance.DeferralProbability, "probability");
        Assert.Equal(run.FromExpert.Sum(), summary.Experts[0].CallCount);
    }

    [Theory]
    [InlineData("llama-tiny")]
    [InlineData("pair-expert")]
    public async Task Decode_ThresholdBelowZero_EqualsExpertOnly(string expert)
    {
        await using var table = new Table("co-llm-tiny", expert);
        DecodingRequest request = table.Request("text", DecodingMode.Defer) with { Policy = new ThresholdPolicy(-1f) };
        (CollectingSink deferring, _) = await table.DecodeAsync(request);
        (CollectingSink alone, DecodingSummary summary) = await table.DecodeAsync(request with { Mode = DecodingMode.ExpertOnly });

        Assert.Equal(alone.TokenIds, deferring.TokenIds);
        int promptLength = request.Prompt.Length;
        Assert.Equal((33, promptLength + 31), (summary.Experts[0].Cost.PassCount, summary.Experts[0].Cost.ComputedTokenCount));
        Assert.Equal(0, summary.BaseStepCount);
    }

    [Fact]
    public async Task Decode_TwoExperts_ComputesEveryPositionOnce()
    {
        await using var table = new Table("co-llm-tiny", "llama-tiny", "pair-expert");
        DecodingRequest request = table.Request("short", DecodingMode.Defer) with { Policy = new ThresholdPolicy(0.5f) };
        (CollectingSink sink, DecodingSummary summary) = await table.DecodeAsync(request);

        Assert.Equal(32, sink.Tokens.Count);
        Assert.All(summary.Experts, expert => Assert.InRange(expert.TokenCount, 1, 31));
        Assert.All(summary.Experts, expert => Assert.InRange(expert.Cost.ComputedTokenCount, 1, request.Prompt.Length + 31));
        Assert.All(summary.Experts, expert => Assert.Equal(expert.CallCount, expert.Cost.PassCount));
    }

    [Theory]
    [InlineData(DecodingMode.Defer)]
    [InlineData(DecodingMode.Compose)]
    [InlineData(DecodingMode.BaseOnly)]
    [InlineData(DecodingMode.ExpertOnly)]
    public async Task Decode_BesideOtherRequests_GivesTheSameTokens(DecodingMode mode)
    {
        await using var table = new Table("co-llm-tiny", "llama-tiny");
        SamplingParameters sampling = SamplingParameters.Create(0.8f, topP: 0.9f, seed: 12);
        DecodingRequest request = table.Request("text", mode) with { Policy = new ThresholdPolicy(0.5f), Sampling = sampling };
        (CollectingSink alone, _) = await table.DecodeAsync(request);
        DecodingRequest other = table.Request("short", DecodingMode.Defer) with { Policy = new ThresholdPolicy(0.3f) };
        var together = await Task.WhenAll(table.DecodeAsync(request), table.DecodeAsync(other), table.DecodeAsync(request));

        Assert.Equal(alone.Tokens, together[0].Sink.Tokens);
        Assert.Equal(alone.Tokens, together[2].Sink.Tokens);
        await table.AssertEverythingIsHomeAsync();
    }

    [Theory]
    [InlineData(DecodingMode.Defer)]
    [InlineData(DecodingMode.Compose)]
    [InlineData(DecodingMode.MoreConfident)]
    [InlineData(DecodingMode.ExpertOnly)]
    public async Task Decode_OnDevicesThatDrawTokens_GivesTheSameTokens(DecodingMode mode)
    {
        await using var table = new Table("co-llm-tiny", "llama-tiny");
        await using var devices = new Table("co-llm-tiny", "llama-tiny") { Reduces = true };
        SamplingParameters sampling = SamplingParameters.Create(0.8f, topP: 0.9f, repetitionPenalty: 1.2f, seed: 12);
        DecodingRequest request = table.Request("text", mode) with { Policy = new ThresholdPolicy(0.5f), Sampling = sampling };
        (CollectingSink expected, _) = await table.DecodeAsync(request);
        (CollectingSink actual, _) = await devices.DecodeAsync(request);

        Assert.Equal(expected.Tokens.Select(token => token with { LogProbability = 0 }), actual.Tokens.Select(token => token with { LogProbability = 0 }));
        GoldenTolerance.AssertClose(
            [.. expected.Tokens.Select(token => token.LogProbability)], [.. actual.Tokens.Select(token => token.LogProbability)], 1e-6f, "log-probability");
        (int whole, int reduced) = (devices.Engines.Sum(engine => engine.Backend!.Rows.Whole), devices.Engines.Sum(engine => engine.Backend!.Rows.Reduced));
        Assert.Equal(mode == DecodingMode.Compose, reduced == 0);
        Assert.Equal(mode == DecodingMode.Compose, whole > 0);
    }

    [Fact]
    public async Task Decode_ClientGoneAtAnyToken_ReturnsEveryBlock()
    {
        await using var table = new Table("co-llm-tiny", "llama-tiny");
        DecodingRequest request = table.Request("short", DecodingMode.Defer) with { Policy = new ThresholdPolicy(0.4f) };
        for (int last = 0; last < 12; last++)
        {
            using var client = new CancellationTokenSource();
            var sink = new CollectingSink { OnToken = token => { if (token.Position == request.Prompt.Length + last) client.Cancel(); } };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => table.DecodeAsync(request, sink, cancellationToken: client.Token));
            await table.AssertEverythingIsHomeAsync();
        }
    }

    [Fact]
    public async Task Decode_ExpertEngineFull_SaysOverloaded()
    {
        await using var table = new Table("co-llm-tiny", "llama-tiny");
        using InferenceSession hog = table.Engines[1].Engine.OpenSession(512);
        using InferenceSession second = table.Engines[1].Engine.OpenSession(512);
        DecodingRequest request = table.Request("short", DecodingMode.Defer) with { Policy = new ThresholdPolicy(-1f) };
        (_, DecodingSummary summary) = await table.DecodeAsync(request);
        Assert.Equal((FinishReason.ExpertUnavailable, ExpertOutcome.Overloaded), (summary.FinishReason, summary.ExpertOutcome));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("text")]
    [InlineData("seq64")]
    public async Task ReadSwapHead_ResearchCheckpoint_GivesTheLastColumn(string prompt)
    {
        await using var engine = new GoldenEngine("co-llm-tiny");
        using GoldenModel model = GoldenModel.Open("co-llm-tiny");
        SwapHead head = ResearchConvention.ReadSwapHead(engine.Checkpoint);
        using InferenceSession session = engine.Engine.OpenSession(MaxTokens);
        int[] ids = prompt == "seq64" ? model.SequenceIds : model.PromptIds(prompt);
        AdvanceResult result = await session.AdvanceAsync(ids, WantedPositions.New);

        Assert.Equal(512, ResearchConvention.UsableVocabularySize(engine.Checkpoint));
        float[] probabilities = [.. Enumerable.Range(0, ids.Length).Select(i => head.Score(result.HiddenState(i), new float[1]).DeferralProbability)];
        float[] logits = [.. Enumerable.Range(0, ids.Length).Select(i => head.Logit(0, result.HiddenState(i)))];
        GoldenTolerance.AssertClose(model.Tensor($"{prompt}.defer_prob"), probabilities, GoldenTolerance.DeferralProbability, prompt);
        GoldenTolerance.AssertClose(model.Tensor($"{prompt}.defer_logit"), logits, GoldenTolerance.Logits, prompt);
    }

    [Fact]
    public async Task Decode_WithTheTokenizer_StreamsTheTextOfItsTokens()
    {
        await using var table = new Table("co-llm-tiny", "llama-tiny");
        DecodingRequest request = table.Request("text", DecodingMode.Defer) with { Policy = new ThresholdPolicy(0.5f) };
        Tokenizer tokenizer = Tokenizer.Load(table.Engines[0].Checkpoint.Directory!);
        (CollectingSink sink, _) = await table.DecodeAsync(request, text: new TokenizerText(tokenizer, request.Prompt.Span));

        string whole = tokenizer.Decode([.. request.Prompt.Span, .. sink.TokenIds], skipSpecial: true);
        Assert.Equal(whole[tokenizer.Decode(request.Prompt.Span, skipSpecial: true).Length..], sink.Text);
    }

    /// <summary>A base and experts on engines of their own, and decoding with them.</summary>
    private sealed class Table(string baseName, params string[] experts) : IAsyncDisposable
    {
        private GoldenEngine[]? _engines;

        /// <summary>Their backends make of logits what is wanted of them.</summary>
        public bool Reduces { get; init; }

        public GoldenEngine[] Engines => _engines ??= [.. experts.Prepend(baseName).Select(name => new GoldenEngine(name, Reduces))];

        public DecodingRequest Request(string prompt, DecodingMode mode)
        {
            using GoldenModel model = GoldenModel.Open(baseName);
            return new DecodingRequest { Prompt = model.PromptIds(prompt), MaxNewTokens = 32, UsableVocabularySize = 512, Mode = mode };
        }

        public async Task<(CollectingSink Sink, DecodingSummary Summary)> DecodeAsync(
            DecodingRequest request, CollectingSink? sink = null, ITokenText? text = null, CancellationToken cancellationToken = default)
        {
            sink ??= new CollectingSink();
            GoldenEngine first = Engines[0];
            using var baseSession = new EngineBaseSession(first.Engine.OpenSession(MaxTokens), 512);
            EngineExpertSession[] sessions = [.. Engines.Skip(1).Select((engine, i) =>
                new EngineExpertSession(experts[i], engine.Engine, 512, MaxTokens, TimeProvider.System))];
            try
            {
                var models = new DecodingModels(baseSession, Head(), sessions);
                var decoder = new CollaborativeDecoder(request, models, text ?? ScriptedText.Letters, sink, TimeProvider.System);
                return (sink, await decoder.DecodeAsync(default, cancellationToken));
            }
            finally
            {
                foreach (EngineExpertSession session in sessions)
                    await session.DisposeAsync();
            }
        }

        /// <summary>A step that was under way when its session was closed gives the blocks back at its end; the probe's step comes after it.</summary>
        public async Task AssertEverythingIsHomeAsync()
        {
            foreach (InferenceEngine engine in Engines.Select(engine => engine.Engine))
            {
                using (InferenceSession probe = engine.OpenSession(1))
                    await probe.AdvanceAsync(new[] { 1 });
                Assert.Equal((0, 0), (engine.GetStatistics().OpenSessions, engine.GetStatistics().KvBlocksReserved));
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (GoldenEngine engine in Engines)
                await engine.DisposeAsync();
        }

        /// <summary>The checkpoint's own row for the first expert; for a second one its negative, so that both get work.</summary>
        private SwapHead Head()
        {
            float[] theta = ResearchConvention.ReadSwapHead(Engines[0].Checkpoint).Theta.ToArray();
            return new SwapHead(experts.Length == 1 ? theta : [.. theta, .. theta.Select(value => -value)], theta.Length);
        }
    }
}
