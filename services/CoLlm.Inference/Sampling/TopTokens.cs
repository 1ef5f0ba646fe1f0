namespace CoLlm.Inference.Sampling;

/// <summary>
/// Finds the k most probable tokens of a row of logits, heaviest first, the lower id first among equals, by a heap whose root is the
/// lightest kept so far: most tokens cost one comparison.
/// </summary>
internal sealed class TopTokens
{
    private ulong[] _heap = [];
    private int[] _ids = [];

    /// <summary>Ids of the largest logits; valid until the next call.</summary>
    /// <param name="logits">Finite. <c>[vocabulary]</c></param>
    /// <param name="count">1 to the vocabulary's size.</param>
    public ReadOnlySpan<int> Select(ReadOnlySpan<float> logits, int count)
    {
        if (_heap.Length < count)
        {
            _heap = new ulong[count];
            _ids = new int[count];
        }

        Span<ulong> heap = _heap.AsSpan(0, count);
        for (int id = 0; id < count; id++)
            heap[id] = Key(logits[id], id);
        LeastFirstHeap.Build(heap);
        float lightest = logits[Id(heap[0])];
        for (int id = count; id < logits.Length; id++)
        {
            // Later ids lose ties, so only a larger logit gets in.
            if (!(logits[id] > lightest))
                continue;
            LeastFirstHeap.ReplaceLeast(heap, Key(logits[id], id));
            lightest = logits[Id(heap[0])];
        }

        heap.Sort();
        for (int i = 0; i < count; i++)
            _ids[i] = Id(heap[count - 1 - i]);
        return _ids.AsSpan(0, count);
    }

    /// <summary>Larger for larger logits, and for lower ids among equal ones. The float's bits are turned so that they order as integers.</summary>
    private static ulong Key(float logit, int id)
    {
        int bits = BitConverter.SingleToInt32Bits(logit + 0f); // plus zero: both zeros get one key
        uint ordered = (uint)(bits < 0 ? ~bits : bits | int.MinValue);
        return ((ulong)ordered << 32) | ~(uint)id;
    }

    private static int Id(ulong key) => (int)~(uint)key;
}
