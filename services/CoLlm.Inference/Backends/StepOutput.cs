namespace CoLlm.Inference.Backends;

/// <summary>
/// Host buffers for the rows a step returns, reused from step to step; row i belongs to entry i of
/// <see cref="StepPlan.OutputRows"/>. Valid until the next step.
/// </summary>
public sealed class StepOutput(int vocabularySize, int hiddenSize)
{
    private float[] _logits = [];
    private float[] _hiddenStates = [];

    public int VocabularySize { get; } = vocabularySize;

    public int HiddenSize { get; } = hiddenSize;

    /// <summary>Raw logits of one wanted row. <c>[vocabulary]</c></summary>
    public Span<float> Logits(int outputIndex) => _logits.AsSpan(outputIndex * VocabularySize, VocabularySize);

    /// <summary>Hidden state after the final norm of one wanted row. <c>[hidden]</c></summary>
    public Span<float> HiddenState(int outputIndex) => _hiddenStates.AsSpan(outputIndex * HiddenSize, HiddenSize);

    /// <summary>All logits. <c>[outputs, vocabulary]</c></summary>
    public Span<float> AllLogits(int outputCount) => _logits.AsSpan(0, outputCount * VocabularySize);

    /// <summary>All final-norm hidden states. <c>[outputs, hidden]</c></summary>
    public Span<float> AllHiddenStates(int outputCount) => _hiddenStates.AsSpan(0, outputCount * HiddenSize);

    /// <summary>Makes room for this many rows (pinned, so that backends may take addresses); grows only.</summary>
    public void EnsureCapacity(int outputCount)
    {
        if (_logits.Length < (long)outputCount * VocabularySize)
            _logits = GC.AllocateUninitializedArray<float>(checked(outputCount * VocabularySize), pinned: true);
        if (_hiddenStates.Length < (long)outputCount * HiddenSize)
            _hiddenStates = GC.AllocateUninitializedArray<float>(checked(outputCount * HiddenSize), pinned: true);
    }
}
