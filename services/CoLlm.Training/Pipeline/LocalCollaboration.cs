using System.Text;
using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Training.Pipeline;

/// <summary>Base, swap head and experts on engines in this process, to answer questions at one threshold after another.</summary>
internal sealed class LocalCollaboration : ICollaboration
{
    /// <summary>How long one token may wait for its expert, whose memory may be taken by the answers beside it.</summary>
    private static readonly TimeSpan ExpertPatience = TimeSpan.FromMinutes(5);

    private readonly List<Checkpoint> _checkpoints = [];
    private readonly List<InferenceEngine> _engines = [];
    private readonly IReadOnlyList<ExpertSource> _experts;
    private readonly SwapHead _head;
    private readonly Tokenizer _tokenizer;
    private readonly int _usable;
    private readonly StopConditions _stop;

    /// <param name="model">The trained model's directory, swap head included.</param>
    /// <param name="experts">With their directories, in the order of the head's rows.</param>
    /// <param name="tokenizer">The one all share.</param>
    /// <param name="usable">Ids below this are shared.</param>
    /// <param name="threadCount">Compute threads of each engine.</param>
    /// <param name="kvCacheBytes">Memory of each engine for keys and values; null: the engine's default.</param>
    public LocalCollaboration(
        string model, IReadOnlyList<ExpertSource> experts, Tokenizer tokenizer, int usable, int threadCount, long? kvCacheBytes = null)
    {
        (_experts, _tokenizer, _usable) = (experts, tokenizer, usable);
        _head = SwapHeadFile.Read(Path.Combine(model, TrainingPipeline.SwapHeadFileName)).Head;
        foreach (string directory in experts.Select(expert => expert.Directory).Prepend(model))
        {
            Checkpoint checkpoint = Checkpoint.Open(directory);
            _checkpoints.Add(checkpoint);
            CpuBackendOptions backend = new() { ThreadCount = threadCount, Storage = PackedWeightStorage.Memory };
            _engines.Add(new InferenceEngine(CpuBackend.Load(checkpoint, backend), new InferenceEngineOptions { KvCacheBytes = kvCacheBytes }));
        }

        IEnumerable<int> ends = _checkpoints.SelectMany(checkpoint => checkpoint.Config.EosTokenIds).Concat(tokenizer.EosTokenId is { } end ? [end] : []);
        _stop = StopConditions.TryCreate(ends, [], [], out _)!;
    }

    /// <inheritdoc/>
    public async Task<CollaborationAnswer> AnswerAsync(int[] prompt, float? threshold, int maxNewTokens, CancellationToken cancellationToken)
    {
        int maxTokens = Math.Min(prompt.Length + maxNewTokens + 1, _checkpoints.Min(checkpoint => checkpoint.Config.MaxPositionCount));
        DecodingRequest request = new()
        {
            Prompt = prompt,
            MaxNewTokens = maxNewTokens,
            MaxSequenceTokens = maxTokens,
            UsableVocabularySize = _usable,
            Mode = threshold is null ? DecodingMode.BaseOnly : DecodingMode.Defer,
            Policy = new ThresholdPolicy(threshold ?? 1),
            WhenExpertUnavailable = WhenExpertUnavailable.Wait,
            ExpertPatience = ExpertPatience,
            Stop = _stop,
        };
        if (request.FindProblem(_experts.Count, hasSwapHead: true) is { } problem)
            throw new TrainingException($"A validation question cannot be answered: {problem}");
        using EngineBaseSession baseSession = new(await _engines[0].OpenSessionAsync(maxTokens, cancellationToken), _usable);
        EngineExpertSession[] sessions =
            [.. _experts.Select((expert, i) => new EngineExpertSession(expert.Name, _engines[i + 1], _usable, maxTokens, TimeProvider.System))];
        try
        {
            Collector sink = new();
            CollaborativeDecoder decoder = new(
                request, new DecodingModels(baseSession, _head, sessions), new TokenizerText(_tokenizer, prompt), sink, TimeProvider.System);
            DecodingSummary summary = await decoder.DecodeAsync(CancellationToken.None, cancellationToken);
            if (summary.FinishReason is FinishReason.BaseFailed or FinishReason.ExpertUnavailable)
                throw new TrainingException($"A validation question cannot be answered: {summary.FinishReason} ({summary.BaseOutcome}, {summary.ExpertOutcome}).");
            return new CollaborationAnswer(sink.Text.ToString(), [.. sink.Probabilities], summary.TokenCount - summary.BaseTokenCount, summary.TokenCount);
        }
        finally
        {
            foreach (EngineExpertSession session in sessions)
                await session.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (InferenceEngine engine in _engines)
            await engine.DisposeAsync();
        foreach (Checkpoint checkpoint in _checkpoints)
            checkpoint.Dispose();
    }

    private sealed class Collector : ITokenSink
    {
        public StringBuilder Text { get; } = new();

        public List<float> Probabilities { get; } = [];

        public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken)
        {
            Text.Append(token.Text);
            if (token.DeferralProbability is { } probability)
                Probabilities.Add(probability);
            return ValueTask.CompletedTask;
        }
    }
}
