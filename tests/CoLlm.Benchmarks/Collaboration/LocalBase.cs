using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>The base in the benchmark's own process, for what is compared with the router.</summary>
internal sealed class LocalBase : IAsyncDisposable
{
    private readonly GeneratedModels _models;
    private readonly Checkpoint _checkpoint;
    private readonly Tokenizer _tokenizer;

    public LocalBase(GeneratedModels models)
    {
        _models = models;
        _checkpoint = Checkpoint.Open(models.BaseDirectory);
        _tokenizer = Tokenizer.Load(models.BaseDirectory);
        Engine = new InferenceEngine(CpuBackend.Load(_checkpoint, new CpuBackendOptions { ThreadCount = GeneratedModels.Threads, WeightFormat = models.Weights }), new InferenceEngineOptions { PrefixCacheBlocks = 0, ContinueOnLoop = true });
    }

    public InferenceEngine Engine { get; }

    /// <summary>Decodes with this base, its KV cache kept, and any expert.</summary>
    public Task<DecodingSummary> DecodeAsync(int[] prompt, int maxNewTokens, float threshold, SamplingParameters sampling, IExpertSession expert)
    {
        DecodingRequest request = new()
        {
            Prompt = prompt,
            MaxNewTokens = maxNewTokens,
            UsableVocabularySize = GeneratedModels.VocabularySize,
            Policy = new ThresholdPolicy(threshold),
            Sampling = sampling,
        };
        return DecodeAsync(request, expert);
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _checkpoint.Dispose();
    }

    private async Task<DecodingSummary> DecodeAsync(DecodingRequest request, IExpertSession expert)
    {
        using var session = new EngineBaseSession(
            Engine.OpenSession(request.Prompt.Length + request.MaxNewTokens), request.UsableVocabularySize);
        var decoder = new CollaborativeDecoder(
            request, new DecodingModels(session, _models.Head, [expert]), new TokenizerText(_tokenizer, request.Prompt.Span), new Nowhere(), TimeProvider.System);
        return await decoder.DecodeAsync(default, default);
    }

    private sealed class Nowhere : ITokenSink
    {
        public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
