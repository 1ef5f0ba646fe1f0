namespace CoLlm.Inference.Sampling;

/// <summary>A binary heap in a span whose root is the least key: what keeps the largest of many.</summary>
internal static class LeastFirstHeap
{
    /// <summary>Orders the keys as a heap.</summary>
    public static void Build(Span<ulong> heap)
    {
        for (int root = heap.Length / 2 - 1; root >= 0; root--)
            SiftDown(heap, root);
    }

    /// <summary>Puts <paramref name="key"/> in the place of the least one.</summary>
    public static void ReplaceLeast(Span<ulong> heap, ulong key)
    {
        heap[0] = key;
        SiftDown(heap, 0);
    }

    private static void SiftDown(Span<ulong> heap, int root)
    {
        ulong sinking = heap[root];
        for (int child = 2 * root + 1; child < heap.Length; child = 2 * root + 1)
        {
            if (child + 1 < heap.Length && heap[child + 1] < heap[child])
                child++;
            if (heap[child] >= sinking)
                break;
            heap[root] = heap[child];
            root = child;
        }

        heap[root] = sinking;
    }
}
