using CoLlm.Inference.Backends;
using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Scheduling;

/// <summary>
/// The positions that a session's call wants, and their hidden states and logits, or what a backend made of these. The buffers grow to the largest call and are kept.
/// </summary>
/// <param name="vocabularySize">Of the model.</param>
/// <param name="hiddenSize">Of the model.</param>
/// <param name="backendReduces">The backend has <see cref="BackendCapabilities.ReducesOutputs"/>.</param>
internal sealed class SessionResults(int vocabularySize, int hiddenSize, bool backendReduces)
{
    private int[] _wanted = new int[1];
    private float[] _logits = [];
    private float[] _hiddenStates = [];
    private TokenLogProbability[] _entries = [];
    private int _count;
    private int _answered;

    /// <summary>All wanted positions, ascending.</summary>
    public ReadOnlySpan<int> Wanted => _wanted.AsSpan(0, _count);

    /// <summary>Wanted positions that have no answer yet.</summary>
    public ReadOnlySpan<int> Unanswered => Wanted[_answered..];

    /// <summary>The first of them; null when all are answered.</summary>
    public int? NextWanted => _answered < _count ? _wanted[_answered] : null;

    /// <summary>What the call makes of its rows.</summary>
    public OutputReduction Reduction { get; private set; }

    /// <summary>The backend does it: no logits come back. Never where they would take less room.</summary>
    public bool IsReduced { get; private set; }

    public ReadOnlySpan<TokenLogProbability> EntriesOf(int index) => _entries.AsSpan(index * Reduction.EntryCount, Reduction.EntryCount);

    public ReadOnlySpan<float> LogitsOf(int index) => LogitsMemoryOf(index).Span;

    public ReadOnlySpan<float> HiddenStateOf(int index) => HiddenStateMemoryOf(index).Span;

    public ReadOnlyMemory<float> LogitsMemoryOf(int index) => _logits.AsMemory(index * vocabularySize, vocabularySize);

    public ReadOnlyMemory<float> HiddenStateMemoryOf(int index) => _hiddenStates.AsMemory(index * hiddenSize, hiddenSize);

    public void Begin(ReadOnlySpan<int> wanted, in OutputReduction reduction)
    {
        if (_wanted.Length < wanted.Length)
            _wanted = new int[wanted.Length];
        wanted.CopyTo(_wanted);
        _count = wanted.Length;
        _answered = 0;
        Reduction = reduction;
        IsReduced = backendReduces && reduction.Form != OutputForm.Logits && reduction.EntryCount <= Math.Max(2, vocabularySize / 2);
        if (IsReduced)
            Grow(ref _entries, wanted.Length * (long)reduction.EntryCount);
        else
            Grow(ref _logits, wanted.Length * (long)vocabularySize);
        Grow(ref _hiddenStates, wanted.Length * (long)hiddenSize);
    }

    /// <summary>How many rows from a position on can be computed before a wanted one finds no room among the outputs.</summary>
    public (int Rows, int Outputs) Fit(int start, int rows, int outputsLeft)
    {
        int outputs = 0;
        while (outputs < Unanswered.Length && Unanswered[outputs] < start + rows)
        {
            if (outputs == outputsLeft)
                return (Unanswered[outputs] - start, outputs);
            outputs++;
        }

        return (rows, outputs);
    }

    /// <summary>What the backend is to do with the next unanswered rows.</summary>
    public OutputReduction ReductionOfNext(int count) => IsReduced ? Reduction.Part(_answered, count) : OutputReduction.None;

    /// <summary>Copies a step's results; needs no lock, because the buffers belong to the call in flight.</summary>
    public void Take(StepOutput output, int firstOutput, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (IsReduced)
                output.Entries(firstOutput + i).CopyTo(_entries.AsSpan((_answered + i) * Reduction.EntryCount));
            else
                output.Logits(firstOutput + i).CopyTo(_logits.AsSpan((_answered + i) * vocabularySize));
            output.HiddenState(firstOutput + i).CopyTo(_hiddenStates.AsSpan((_answered + i) * hiddenSize));
        }
    }

    public void Answered(int count) => _answered += count;

    private static void Grow<T>(ref T[] buffer, long length)
    {
        if (buffer.Length < length)
            buffer = new T[length];
    }
}
