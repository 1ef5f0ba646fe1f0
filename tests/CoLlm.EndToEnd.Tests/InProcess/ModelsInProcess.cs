using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.InProcess;

/// <summary>The same checkpoints on engines of this process: the yardstick for what the two services write together.</summary>
internal sealed class ModelsInProcess : IAsyncDisposable
{
    private const int MaxSequenceTokens = 512;

    private readonly Dictionary<string, (Checkpoint Checkpoint, InferenceEngine Engine)> _models = [];
    private readonly Tokenizer _tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", Settings.BaseModel));

    /// <param name="experts">Names of golden checkpoints.</param>
    public ModelsInProcess(params string[] experts)
    {
        foreach (string name in experts.Prepend(Settings.BaseModel))
        {
            Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", name));
            CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { ThreadCount = 1, Storage = PackedWeightStorage.Memory });
            _models[name] = (checkpoint, new InferenceEngine(backend, new InferenceEngineOptions { KvBlockCount = 1024 }));
        }

        ResearchHead = ResearchConvention.ReadSwapHead(_models[Settings.BaseModel].Checkpoint);
    }

    /// <summary>The base's own row, for one expert.</summary>
    public SwapHead ResearchHead { get; }

    /// <summary>A head for several experts: the base's row, negated for every other one, so that all of them get work.</summary>
    public SwapHead HeadFor(int expertCount)
    {
        float[] theta = ResearchHead.Theta.ToArray();
        return new SwapHead([.. Enumerable.Range(0, expertCount).SelectMany(i => theta.Select(value => i % 2 == 0 ? value : -value))], theta.Length);
    }

    /// <summary>Writes that head as it would be after a training with these experts.</summary>
    public void WriteHead(string path, params string[] experts) => WriteHead(path, calibration: null, experts);

    /// <summary>The same with a calibration.</summary>
    public void WriteHead(string path, CalibrationTable? calibration, params string[] experts)
    {
        ExpertIdentity[] identities = [.. experts.Select(name => new ExpertIdentity(name, FingerprintOf(name)))];
        var trainedWith = new SwapHeadIdentity(FingerprintOf(Settings.BaseModel), _tokenizer.Fingerprint, identities);
        new SwapHeadFile(HeadFor(experts.Length), trainedWith, calibration).Write(path);
    }

    /// <summary>Writes the answer without any wire.</summary>
    public async Task<(IReadOnlyList<TokenRow> Tokens, DecodingSummary Summary)> DecodeAsync(Scenario scenario, params string[] experts)
    {
        InferenceEngine engine = _models[Settings.BaseModel].Engine;
        int usable = ResearchConvention.UsableVocabularySize(_models[Settings.BaseModel].Checkpoint);
        DecodingRequest request = scenario.ToDecoding(usable);
        using var baseSession = new EngineBaseSession(engine.OpenSession(MaxSequenceTokens), usable);
        EngineExpertSession[] sessions = [.. experts.Select(name =>
            new EngineExpertSession(name, _models[name].Engine, usable, MaxSequenceTokens, TimeProvider.System))];
        try
        {
            var models = new DecodingModels(baseSession, experts.Length == 1 ? ResearchHead : HeadFor(experts.Length), sessions);
            var sink = new CollectingSink();
            var decoder = new CollaborativeDecoder(request, models, new TokenizerText(_tokenizer, request.Prompt.Span), sink, TimeProvider.System);
            return (sink.Tokens, await decoder.DecodeAsync(default, default));
        }
        finally
        {
            foreach (EngineExpertSession session in sessions)
                await session.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((Checkpoint checkpoint, InferenceEngine engine) in _models.Values)
        {
            await engine.DisposeAsync();
            checkpoint.Dispose();
        }
    }

    private string FingerprintOf(string name) =>
        _models.TryGetValue(name, out var model) ? model.Checkpoint.Fingerprint : throw new ArgumentException($"{name} is not loaded.", nameof(name));

    private sealed class CollectingSink : ITokenSink
    {
        public List<TokenRow> Tokens { get; } = [];

        public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken)
        {
            Tokens.Add(TokenRow.Of(token));
            return ValueTask.CompletedTask;
        }
    }
}
