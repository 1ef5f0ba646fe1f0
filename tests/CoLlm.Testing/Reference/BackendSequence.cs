using CoLlm.Inference.Backends;

namespace CoLlm.Testing.Reference;

/// <summary>Drives one sequence on a backend without an engine: own blocks, one plan per call.</summary>
public sealed class BackendSequence
{
    public const int BlockSize = 16;

    private readonly IInferenceBackend _backend;
    private readonly StepPlan _plan = new();
    private readonly StepOutput _output;
    private readonly int[] _blocks;
    private int _length;

    /// <summary>Gives a fresh backend a cache for one sequence; blocks are handed out in reverse to catch code that ignores the table.</summary>
    public BackendSequence(IInferenceBackend backend, int maxTokens)
    {
        _backend = backend;
        int blockCount = (maxTokens + BlockSize - 1) / BlockSize;
        backend.AllocateKvCache(blockCount, BlockSize, maxRowsPerStep: maxTokens, maxOutputsPerStep: maxTokens);
        _blocks = [.. Enumerable.Range(0, blockCount).Reverse()];
        _output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
    }

    /// <summary>Forgets everything: the next call starts at position 0.</summary>
    public void Reset() => _length = 0;

    /// <summary>Forgets what follows the first <paramref name="length"/> tokens.</summary>
    public void TruncateTo(int length) => _length = Math.Min(_length, length);

    /// <summary>Runs the tokens and returns copies of what all their positions give.</summary>
    /// <returns>Logits and final-norm hidden states, one entry per token.</returns>
    public (float[][] Logits, float[][] HiddenStates) Advance(ReadOnlySpan<int> tokens)
    {
        int needed = (_length + tokens.Length + BlockSize - 1) / BlockSize;
        int[] offsets = [.. Enumerable.Range(0, tokens.Length)];
        _plan.Clear();
        _plan.Add(tokens, _length, _blocks.AsSpan(0, needed), offsets);
        _backend.Run(_plan, _output);
        _length += tokens.Length;
        return ([.. offsets.Select(i => _output.Logits(i).ToArray())], [.. offsets.Select(i => _output.HiddenState(i).ToArray())]);
    }
}
