using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Protocol.V1;
using CoLlm.Router.Hosting;
using CoLlm.Router.Tests.Peers;
using CoLlm.Testing;
using FinishReason = CoLlm.Protocol.V1.FinishReason;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;
using TokenEvent = CoLlm.Decoding.TokenEvent;

namespace CoLlm.Router.Tests.Api;

/// <summary>The laws of every mode: two services write what one process writes, and the extremes are the models alone.</summary>
public sealed class ModeTests : IAsyncLifetime
{
    private readonly EngineExpert _one = new("pair-expert");
    private readonly EngineExpert _two = new("llama-tiny");
    private readonly TemporaryDirectory _folder = new();
    private ScriptedExpert _first = null!;
    private ScriptedExpert _second = null!;
    private RouterUnderTest _router = null!;

    public async ValueTask InitializeAsync()
    {
        _first = await _one.StartAsync();
        _second = await _two.StartAsync();
        RouterOptions options = RouterUnderTest.Options();
        _router = await RouterUnderTest.StartAsync(options with
        {
            Experts = [RouterUnderTest.Expert("one", _first.Address), RouterUnderTest.Expert("two", _second.Address)],
            SwapHead = new() { File = TwoExpertHead(), AllowMismatch = true },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _router.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
        _folder.Dispose();
    }

    public static TheoryData<CollaborationMode, int, int> Cases
    {
        get
        {
            TheoryData<CollaborationMode, int, int> cases = [];
            foreach (CollaborationMode mode in (CollaborationMode[])[CollaborationMode.Defer, CollaborationMode.Compose, CollaborationMode.BaseOnly, CollaborationMode.ExpertOnly])
            {
                for (int seed = 0; seed < 3; seed++)
                    cases.Add(mode, mode == CollaborationMode.ExpertOnly ? 1 : 1 + seed % 2, seed);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Generate_RandomThresholdAndSampling_EqualsTheSameModelsInOneProcess(CollaborationMode mode, int expertCount, int seed)
    {
        var chance = new Random(seed);
        GenerateRequest request = RouterUnderTest.Request("text", (float)chance.NextDouble(), maxNewTokens: 24);
        request.Collaboration.Mode = mode;
        request.Collaboration.Experts.AddRange(new[] { "one", "two" }.Take(expertCount));
        request.Collaboration.WarmUpTokens = chance.Next(8);
        if (seed > 0)
            request.Sampling = new() { Temperature = 0.8f, TopK = 40, TopP = 0.95f, RepetitionPenalty = 1.1f, Seed = (ulong)seed };

        Answered answer = await _router.GenerateAsync(request);
        Answered again = await _router.GenerateAsync(request);
        List<TokenEvent> expected = await InOneProcessAsync(request, expertCount);

        Assert.Equal(expected.Select(token => token.TokenId), answer.TokenIds);
        Assert.Equal(expected.Select(token => (token.Origin.ToString(), token.ExpertIndex, token.IsContested)), answer.Tokens.Select(token => (token.Origin.ToString(), token.ExpertIndex, token.IsContested)));
        Assert.Equal(expected.Select(token => token.LogProbability), answer.Tokens.Select(token => token.LogProbability));
        Assert.Equal(string.Concat(expected.Select(token => token.Text)), answer.Text);
        Assert.Equal(answer.TokenIds, again.TokenIds);
    }

    [Fact]
    public async Task Generate_ThresholdAtItsExtremes_IsOneModelAlone()
    {
        Answered alwaysBase = await ModeAsync(CollaborationMode.Defer, 1f);
        Answered alwaysExpert = await ModeAsync(CollaborationMode.Defer, -1f);

        Assert.Equal((await ModeAsync(CollaborationMode.BaseOnly)).TokenIds, alwaysBase.TokenIds);
        Assert.Equal((await ModeAsync(CollaborationMode.ExpertOnly)).TokenIds, alwaysExpert.TokenIds);
        Assert.Equal((0f, 1f), (alwaysBase.Summary!.RealisedDeferralRate, alwaysExpert.Summary!.RealisedDeferralRate));
        Assert.Equal(0, alwaysBase.Summary.Experts[0].CallCount);
    }

    [Fact]
    public async Task Generate_BesideOthers_WritesTheSameTokens()
    {
        GenerateRequest[] requests = [.. Enumerable.Range(0, 8).Select(i =>
        {
            GenerateRequest request = RouterUnderTest.Request(i % 2 == 0 ? "text" : "short", 0.3f + 0.05f * i);
            request.Collaboration.Mode = i == 5 ? CollaborationMode.Compose : CollaborationMode.Defer;
            return request;
        })];
        List<int[]> alone = [];
        foreach (GenerateRequest request in requests)
            alone.Add((await _router.GenerateAsync(request)).TokenIds);

        Answered[] together = await Task.WhenAll(requests.Select(request => _router.GenerateAsync(request)));

        Assert.Equal(alone, together.Select(answer => answer.TokenIds));
        Assert.Equal(0, _router.Statistics.KvBlocksReserved);
    }

    [Fact]
    public async Task Generate_Budget_IsKeptAndItsTokensSaySo()
    {
        GenerateRequest request = RouterUnderTest.Request("text", -1f);
        request.Collaboration.Experts.Add("one");
        request.Collaboration.Budget = new DeferralBudget { MaxDeferrals = 3 };

        Answered answer = await _router.GenerateAsync(request);

        Assert.Equal(3, answer.Summary!.Experts[0].TokenCount);
        Assert.Equal(29, answer.Summary.Reasons.Single(reason => reason.Reason == Protocol.V1.DeferralReason.BudgetSpent).TokenCount);
    }

    [Fact]
    public async Task Generate_TargetRate_IsMappedByTheCalibration()
    {
        GenerateRequest request = RouterUnderTest.Request("text");
        request.Collaboration.TargetRate = 0.25f;

        Answered answer = await _router.GenerateAsync(request);

        Assert.Equal(0.75f, answer.Started!.Threshold);
        Assert.Equal(["one", "two"], answer.Started.Experts);
    }

    [Fact]
    public async Task Generate_StopString_EndsTheTextBeforeIt()
    {
        Answered whole = await ModeAsync(CollaborationMode.Defer, 0.4f);
        string stop = whole.Text[6..9];
        GenerateRequest request = RouterUnderTest.Request("text", 0.4f);
        request.Collaboration.Experts.Add("one");
        request.Stop.Strings.Add(stop);

        Answered answer = await _router.GenerateAsync(request);

        Assert.Equal((FinishReason.StopString, stop), (answer.Summary!.FinishReason, answer.Summary.StopString));
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], answer.Text);
    }

    private Task<Answered> ModeAsync(CollaborationMode mode, float? threshold = null)
    {
        GenerateRequest request = RouterUnderTest.Request("text", threshold);
        request.Collaboration.Mode = mode;
        request.Collaboration.Experts.Add("one");
        return _router.GenerateAsync(request);
    }

    private async Task<List<TokenEvent>> InOneProcessAsync(GenerateRequest request, int expertCount)
    {
        int[] prompt = [.. request.TokenIds.Ids];
        EngineExpert[] models = [_one, _two];
        EngineExpertSession[] experts = [.. models.Take(expertCount).Select((model, i) =>
            new EngineExpertSession(i == 0 ? "one" : "two", model.Engine, 512, prompt.Length + 24, TimeProvider.System))];
        using var session = new EngineBaseSession(_router.Model.Base.Engine.OpenSession(prompt.Length + 24), 512);
        var decoding = new DecodingRequest
        {
            Prompt = prompt,
            MaxNewTokens = 24,
            UsableVocabularySize = 512,
            Mode = Enum.Parse<DecodingMode>(request.Collaboration.Mode.ToString()),
            Policy = new ThresholdPolicy(request.Collaboration.Threshold, request.Collaboration.WarmUpTokens),
            Sampling = request.Sampling is { } sampling
                ? SamplingParameters.Create(sampling.Temperature, sampling.TopK, sampling.TopP, repetitionPenalty: sampling.RepetitionPenalty, seed: sampling.Seed)
                : SamplingParameters.Greedy,
        };
        SwapHead head = _router.Model.Base.SwapHead.Head!.Restrict([.. Enumerable.Range(0, expertCount)]);
        var sink = new Sink();
        var decoder = new CollaborativeDecoder(
            decoding, new DecodingModels(session, head, experts), new TokenizerText(_router.Model.Base.Tokenizer, prompt), sink, TimeProvider.System);
        await decoder.DecodeAsync(default, default);
        foreach (EngineExpertSession expert in experts)
            await expert.DisposeAsync();
        return sink.Tokens;
    }

    /// <summary>A head for two experts whose rows are the checkpoint's own row and its negation, so that both are chosen.</summary>
    private string TwoExpertHead()
    {
        using var checkpoint = Inference.Checkpoints.Checkpoint.Open(RepositoryPaths.Golden("models", "co-llm-tiny"));
        float[] row = ResearchConvention.ReadSwapHead(checkpoint).Theta.ToArray();
        var head = new SwapHead([.. row, .. row.Select(weight => -weight)], row.Length);
        var identity = new SwapHeadIdentity("another base", "another tokenizer", [new ExpertIdentity("one", "1"), new ExpertIdentity("two", "2")]);
        CalibrationTable table = CalibrationTable.TryCreate([new(0f, 1f), new(0.5f, 0.5f), new(1f, -1f)], out _)!;
        new SwapHeadFile(head, identity, table).Write(_folder.File("head.safetensors"));
        return _folder.File("head.safetensors");
    }

    private sealed class Sink : ITokenSink
    {
        public List<TokenEvent> Tokens { get; } = [];

        public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken)
        {
            Tokens.Add(token);
            return ValueTask.CompletedTask;
        }
    }
}
