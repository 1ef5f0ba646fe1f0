namespace CoLlm.Training.Running;

/// <summary>
/// Which sequences each step sees: every epoch a new order drawn from the seed, cut into batches. A step's content depends on
/// nothing but its number, so a resumed run needs no other state.
/// </summary>
internal sealed class BatchPlan(int sequenceCount, int batchSequences, int epochs, ulong seed)
{
    private int _epoch = -1;
    private int[] _order = [];

    public int StepsPerEpoch { get; } = (sequenceCount + batchSequences - 1) / batchSequences;

    public int TotalSteps => StepsPerEpoch * epochs;

    /// <summary>Indexes of the sequences of a step.</summary>
    public ReadOnlySpan<int> SequencesOf(int step)
    {
        int epoch = step / StepsPerEpoch;
        if (epoch != _epoch)
        {
            _order = [.. Enumerable.Range(0, sequenceCount)];
            SeededRandom.ForStream(seed, (ulong)epoch).Shuffle(_order.AsSpan());
            _epoch = epoch;
        }

        int first = step % StepsPerEpoch * batchSequences;
        return _order.AsSpan(first, Math.Min(batchSequences, sequenceCount - first));
    }

    /// <summary>Cuts a step's sequences into passes of at most <paramref name="maxRows"/> rows; a longer sequence gets a pass of its own.</summary>
    public static IEnumerable<List<T>> Passes<T>(IEnumerable<T> sequences, Func<T, int> rowCount, int maxRows)
    {
        List<T> pass = [];
        int rows = 0;
        foreach (T sequence in sequences)
        {
            if (pass.Count > 0 && rows + rowCount(sequence) > maxRows)
            {
                yield return pass;
                pass = [];
                rows = 0;
            }

            pass.Add(sequence);
            rows += rowCount(sequence);
        }

        if (pass.Count > 0)
            yield return pass;
    }
}
