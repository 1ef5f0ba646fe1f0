using System.Runtime.CompilerServices;

namespace CoLlm.Inference.Sampling;

/// <summary>
/// Finds where top-k, top-p and min-p cut a vocabulary. Tokens are ordered by a key that packs weight and id: heavier first,
/// the lower id first among equals, so no two keys tie and every cut is one comparison.
/// </summary>
internal static class CandidateCut
{
    /// <summary>Orders tokens: larger means more probable, or equally probable with a lower id.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Key(float weight, int tokenId) => ((ulong)BitConverter.SingleToUInt32Bits(weight) << 32) | ~(uint)tokenId;

    /// <summary>The lowest key that may still be drawn.</summary>
    /// <param name="weights">Unnormalised probabilities, none negative. <c>[vocabulary]</c></param>
    /// <param name="total">Their sum.</param>
    /// <param name="largest">The largest of them.</param>
    /// <param name="parameters">What to cut.</param>
    /// <param name="scratch">Overwritten; as long as the weights.</param>
    public static ulong Find(
        ReadOnlySpan<float> weights, double total, float largest, SamplingParameters parameters, Span<ulong> scratch)
    {
        ulong cut = 0;
        if (parameters.TopK > 0 && parameters.TopK < weights.Length)
        {
            Span<ulong> kept = SelectLargest(weights, scratch, parameters.TopK);
            cut = parameters.TopP < 1f ? CutAtMass(kept, parameters.TopP * WeightOf(kept)) : kept[0];
        }
        else if (parameters.TopP < 1f)
        {
            cut = CutAtMass(SelectNucleusCandidates(weights, total, parameters.TopP, scratch), parameters.TopP * total);
        }

        ulong minPCut = (ulong)BitConverter.SingleToUInt32Bits(parameters.MinP * largest) << 32;
        return Math.Max(cut, minPCut);
    }

    /// <summary>The key at which the mass, summed from the heaviest down, is reached.</summary>
    private static ulong CutAtMass(ReadOnlySpan<ulong> ascendingKeys, double mass)
    {
        double sum = 0;
        for (int i = ascendingKeys.Length - 1; i > 0; i--)
        {
            sum += WeightOf(ascendingKeys[i]);
            if (sum >= mass)
                return ascendingKeys[i];
        }

        return ascendingKeys[0];
    }

    /// <summary>
    /// Tokens that can be in the nucleus, ascending. All tokens below (1 - p) / n weigh less than 1 - p together, so those
    /// above it reach p without them; half of that bound leaves room for rounding. The sort then sees few tokens.
    /// </summary>
    private static Span<ulong> SelectNucleusCandidates(ReadOnlySpan<float> weights, double total, float topP, Span<ulong> scratch)
    {
        double bound = (1.0 - topP) * total / weights.Length / 2;
        int count = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            if (weights[id] >= bound)
                scratch[count++] = Key(weights[id], id);
        }

        Span<ulong> candidates = scratch[..count];
        candidates.Sort();
        return candidates;
    }

    /// <summary>The <paramref name="count"/> largest keys, ascending, by a heap whose root is the smallest kept so far.</summary>
    private static Span<ulong> SelectLargest(ReadOnlySpan<float> weights, Span<ulong> scratch, int count)
    {
        Span<ulong> heap = scratch[..count];
        for (int id = 0; id < count; id++)
            heap[id] = Key(weights[id], id);
        LeastFirstHeap.Build(heap);
        for (int id = count; id < weights.Length; id++)
        {
            ulong key = Key(weights[id], id);
            if (key <= heap[0])
                continue;
            LeastFirstHeap.ReplaceLeast(heap, key);
        }

        heap.Sort();
        return heap;
    }

    private static double WeightOf(ReadOnlySpan<ulong> ascendingKeys)
    {
        double sum = 0;
        for (int i = ascendingKeys.Length - 1; i >= 0; i--)
            sum += WeightOf(ascendingKeys[i]);
        return sum;
    }

    private static float WeightOf(ulong key) => BitConverter.UInt32BitsToSingle((uint)(key >> 32));
}
