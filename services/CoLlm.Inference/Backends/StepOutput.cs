using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Backends;

/// <summary>
/// Host buffers for the rows a step returns, reused from step to step; row i belongs to entry i of
/// <see cref="StepPlan.OutputRows"/>. Valid until the next step.
/// </summary>
public sealed class StepOutput(int vocabularySize, int hiddenSize)
{
    private float[] _logits = [];
    private float[] _hiddenStates = [];
    private TokenLogProbability[] _entries = [];
    private int[] _entryStarts = [0];

    public int VocabularySize { get; } = vocabularySize;

    public int HiddenSize { get; } = hiddenSize;

    /// <summary>Raw logits of one wanted row. <c>[vocabulary]</c></summary>
    public Span<float> Logits(int outputIndex) => _logits.AsSpan(outputIndex * VocabularySize, VocabularySize);

    /// <summary>
    /// What the plan's reduction makes of one wanted row, <see cref="OutputReduction.EntryCount"/> of them. A drawn or given token stands
    /// before the most probable one; the most probable ones stand heaviest first, the lower id first among equals.
    /// </summary>
    public Span<TokenLogProbability> Entries(int outputIndex) =>
        _entries.AsSpan(_entryStarts[outputIndex].._entryStarts[outputIndex + 1]);

    /// <summary>Hidden state after the final norm of one wanted row. <c>[hidden]</c></summary>
    public Span<float> HiddenState(int outputIndex) => _hiddenStates.AsSpan(outputIndex * HiddenSize, HiddenSize);

    /// <summary>All logits. <c>[outputs, vocabulary]</c></summary>
    public Span<float> AllLogits(int outputCount) => _logits.AsSpan(0, outputCount * VocabularySize);

    /// <summary>All final-norm hidden states. <c>[outputs, hidden]</c></summary>
    public Span<float> AllHiddenStates(int outputCount) => _hiddenStates.AsSpan(0, outputCount * HiddenSize);

    /// <summary>Makes room for the entries of a plan's reductions; grows only.</summary>
    public void EnsureEntries(StepPlan plan)
    {
        int outputs = plan.OutputRows.Length;
        if (_entryStarts.Length <= outputs)
            _entryStarts = new int[outputs + 1];
        int end = 0;
        foreach (PlanSequence sequence in plan.Sequences)
        {
            for (int i = 0; i < sequence.OutputCount; i++)
                _entryStarts[sequence.FirstOutput + i + 1] = end = checked(end + sequence.Reduction.EntryCount);
        }

        if (_entries.Length < end)
            _entries = new TokenLogProbability[end];
    }

    /// <summary>Makes room for this many rows (pinned, so that backends may take addresses); grows only.</summary>
    public void EnsureCapacity(int outputCount)
    {
        if (_logits.Length < (long)outputCount * VocabularySize)
            _logits = GC.AllocateUninitializedArray<float>(checked(outputCount * VocabularySize), pinned: true);
        if (_hiddenStates.Length < (long)outputCount * HiddenSize)
            _hiddenStates = GC.AllocateUninitializedArray<float>(checked(outputCount * HiddenSize), pinned: true);
    }
}
