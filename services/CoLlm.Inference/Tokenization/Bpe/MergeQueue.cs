namespace CoLlm.Inference.Tokenization.Bpe;

/// <summary>A binary heap of merges that may be done, the lowest rank first and the leftmost among equals. Reused from word to word.</summary>
internal sealed class MergeQueue
{
    private (ulong Order, int Result)[] _heap = new (ulong, int)[64];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    public void Enqueue(int rank, int position, int result)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        ulong order = ((ulong)(uint)rank << 32) | (uint)position;
        int at = Count++;
        while (at > 0)
        {
            int parent = (at - 1) >> 1;
            if (_heap[parent].Order <= order)
                break;
            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = (order, result);
    }

    public (int Position, int Result) Dequeue()
    {
        (ulong order, int result) = _heap[0];
        (ulong Order, int Result) last = _heap[--Count];
        int at = 0;
        while (true)
        {
            int child = (at * 2) + 1;
            if (child >= Count)
                break;
            if (child + 1 < Count && _heap[child + 1].Order < _heap[child].Order)
                child++;
            if (last.Order <= _heap[child].Order)
                break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = last;
        return ((int)(uint)order, result);
    }
}
