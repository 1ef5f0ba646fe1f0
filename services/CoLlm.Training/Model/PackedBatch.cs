namespace CoLlm.Training.Model;

/// <summary>
/// Sequences laid one after the other as rows of one batch. Row t of a sequence holds token t and predicts token t + 1;
/// attention never looks from one sequence into another.
/// </summary>
internal sealed class PackedBatch
{
    /// <summary>Packs sequences of at least two tokens each; the last token of each is only a target.</summary>
    public PackedBatch(IReadOnlyList<TrainingSequence> sequences, int expertCount)
    {
        RowCount = sequences.Sum(sequence => sequence.RowCount);
        ExpertCount = expertCount;
        TokenIds = new int[RowCount];
        Positions = new int[RowCount];
        Targets = new int[RowCount];
        ExpertLogProbs = new float[RowCount * expertCount];
        Spans = new (int First, int Length)[sequences.Count];
        int row = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            Spans[i] = (row, sequences[i].RowCount);
            for (int t = 0; t < sequences[i].RowCount; t++, row++)
                Fill(row, t, sequences[i]);
        }

        LongestSequence = Spans.Length == 0 ? 0 : Spans.Max(span => span.Length);
        TargetRows = [.. Enumerable.Range(0, RowCount).Where(at => Targets[at] >= 0)];
    }

    public int RowCount { get; }

    public int ExpertCount { get; }

    public int LongestSequence { get; }

    public int[] TokenIds { get; }

    /// <summary>Position of each row in its sequence.</summary>
    public int[] Positions { get; }

    /// <summary>The token each row should predict, or -1 where it does not count.</summary>
    public int[] Targets { get; }

    /// <summary>Rows that count, ascending.</summary>
    public int[] TargetRows { get; }

    /// <summary><c>[rows, experts]</c>: each expert's log-probability of the target.</summary>
    public float[] ExpertLogProbs { get; }

    /// <summary>First row and length of every sequence.</summary>
    public (int First, int Length)[] Spans { get; }

    private void Fill(int row, int t, TrainingSequence sequence)
    {
        TokenIds[row] = sequence.TokenIds[t];
        Positions[row] = t;
        Targets[row] = sequence.IsTarget[t] ? sequence.TokenIds[t + 1] : -1;
        for (int expert = 0; expert < ExpertCount; expert++)
            ExpertLogProbs[(row * ExpertCount) + expert] = sequence.ExpertLogProbs[expert][t];
    }
}
