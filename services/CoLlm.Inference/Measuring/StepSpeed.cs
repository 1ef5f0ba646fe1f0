using System.Diagnostics;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;
using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Measuring;

/// <summary>
/// Times single steps of a backend: so many sequences decoding, or so many prompts. The most probable token is wanted of each, which backends
/// that reduce find on their device, as they do when they serve.
/// </summary>
public sealed class StepSpeed
{
    private const int BlockSize = 16;

    private readonly IInferenceBackend _backend;
    private readonly StepPlan _plan = new();
    private readonly StepOutput _output;
    private readonly OutputReduction _reduction;
    private readonly int[] _tokens;
    private readonly int _maxTokens;
    private readonly int _blocksPerSequence;

    /// <summary>Fills the caches of all sequences.</summary>
    /// <param name="backend">A backend without a KV cache.</param>
    /// <param name="maxBatch">Largest number of sequences that will be asked for.</param>
    /// <param name="maxTokens">Longest sequence.</param>
    public StepSpeed(IInferenceBackend backend, int maxBatch, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(backend);
        _backend = backend;
        _maxTokens = maxTokens;
        _blocksPerSequence = (maxTokens + BlockSize - 1) / BlockSize;
        backend.AllocateKvCache(_blocksPerSequence * maxBatch, BlockSize, Math.Max(maxTokens, maxBatch), maxBatch);
        _output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        _reduction = backend.Capabilities.HasFlag(BackendCapabilities.ReducesOutputs)
            ? OutputReduction.Token(SamplingParameters.Greedy, backend.Config.VocabularySize)
            : OutputReduction.None;
        _tokens = new int[maxTokens];
        Run([0], maxTokens, 0);
        for (int block = _blocksPerSequence; block < _blocksPerSequence * maxBatch; block++)
            backend.CopyBlock(block % _blocksPerSequence, block);
    }

    /// <summary>One decode step of this many sequences that hold <paramref name="context"/> tokens each; seconds.</summary>
    public double Decode(int batch, int context) => Run([.. Enumerable.Range(0, batch)], 1, context);

    /// <summary>
    /// Prompts of this many tokens each in one step, of whose rows the last is wanted; seconds. Together they must not have more
    /// tokens than the longest sequence.
    /// </summary>
    public double Prefill(int tokens, int batch = 1) => Run([.. Enumerable.Range(0, batch)], tokens, 0);

    /// <summary>Weights that every prompt token is multiplied with: all layers, without embedding and output projection.</summary>
    public static double LayerWeights(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        double attention = config.HiddenSize * (double)config.HeadDim * ((2 * config.HeadCount) + (2 * config.KeyValueHeadCount));
        return config.LayerCount * (attention + (3.0 * config.HiddenSize * config.FeedForwardSize));
    }

    private double Run(int[] sequences, int tokens, int context)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(context + tokens, _maxTokens);
        int[] ids = [.. Enumerable.Range(0, tokens).Select(i => (i * 7919) % _backend.Config.VocabularySize)];
        int[] blocks = new int[(context + tokens + BlockSize - 1) / BlockSize];
        _plan.Clear();
        foreach (int sequence in sequences)
        {
            for (int i = 0; i < blocks.Length; i++)
                blocks[i] = (sequence * _blocksPerSequence) + i;
            _plan.Add(ids, context, blocks, [tokens - 1], _reduction, _tokens);
        }

        long start = Stopwatch.GetTimestamp();
        _backend.Run(_plan, _output);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
