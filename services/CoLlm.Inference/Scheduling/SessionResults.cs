using CoLlm.Inference.Backends;

namespace CoLlm.Inference.Scheduling;

/// <summary>
/// The positions that a session's call wants, and their logits and hidden states. The buffers grow to the largest call and are kept.
/// </summary>
internal sealed class SessionResults(int vocabularySize, int hiddenSize)
{
    private int[] _wanted = new int[1];
    private float[] _logits = [];
    private float[] _hiddenStates = [];
    private int _count;
    private int _answered;

    /// <summary>All wanted positions, ascending.</summary>
    public ReadOnlySpan<int> Wanted => _wanted.AsSpan(0, _count);

    /// <summary>Wanted positions that have no answer yet.</summary>
    public ReadOnlySpan<int> Unanswered => Wanted[_answered..];

    /// <summary>The first of them; null when all are answered.</summary>
    public int? NextWanted => _answered < _count ? _wanted[_answered] : null;

    public ReadOnlySpan<float> LogitsOf(int index) => LogitsMemoryOf(index).Span;

    public ReadOnlySpan<float> HiddenStateOf(int index) => HiddenStateMemoryOf(index).Span;

    public ReadOnlyMemory<float> LogitsMemoryOf(int index) => _logits.AsMemory(index * vocabularySize, vocabularySize);

    public ReadOnlyMemory<float> HiddenStateMemoryOf(int index) => _hiddenStates.AsMemory(index * hiddenSize, hiddenSize);

    public void Begin(ReadOnlySpan<int> wanted)
    {
        if (_wanted.Length < wanted.Length)
            _wanted = new int[wanted.Length];
        wanted.CopyTo(_wanted);
        _count = wanted.Length;
        _answered = 0;
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

    /// <summary>Copies a step's results; needs no lock, because the buffers belong to the call in flight.</summary>
    public void Take(StepOutput output, int firstOutput, int count)
    {
        for (int i = 0; i < count; i++)
        {
            output.Logits(firstOutput + i).CopyTo(_logits.AsSpan((_answered + i) * vocabularySize));
            output.HiddenState(firstOutput + i).CopyTo(_hiddenStates.AsSpan((_answered + i) * hiddenSize));
        }
    }

    public void Answered(int count) => _answered += count;

    private static void Grow(ref float[] buffer, long length)
    {
        if (buffer.Length < length)
            buffer = new float[length];
    }
}
