namespace CoLlm.Inference.Tokenization.Bpe;

/// <summary>
/// The symbols of one word as a doubly linked list, merged pair by pair. Every merge removes a symbol and queues at most two
/// pairs, so a word of n symbols costs at most 3n queue operations however ambiguous it is. Reused from word to word.
/// </summary>
internal sealed class BpeWord
{
    private const int Removed = int.MinValue;

    private readonly MergeQueue _queue = new();
    private Symbol[] _symbols = new Symbol[64];

    public int Count { get; private set; }

    /// <summary>Pairs queued since this object was made: what tests count instead of seconds.</summary>
    public long QueuedPairs { get; private set; }

    public void Clear() => Count = 0;

    /// <param name="id">Symbol id; negative ids take part in no merge.</param>
    /// <param name="start">Where it begins in the word, in UTF-16 units.</param>
    public void Add(int id, int start)
    {
        if (Count == _symbols.Length)
            Array.Resize(ref _symbols, Count * 2);
        _symbols[Count] = new Symbol { Id = id, Start = start, Previous = Count - 1, Next = Count + 1 };
        Count++;
    }

    /// <summary>Does all merges. Afterwards <see cref="First"/> and <see cref="Next"/> walk what is left.</summary>
    public void Merge(MergeTable merges)
    {
        _queue.Clear();
        for (int position = 0; position + 1 < Count; position++)
            Queue(merges, position);
        while (_queue.Count > 0)
        {
            (int position, int result) = _queue.Dequeue();
            ref Symbol left = ref _symbols[position];
            if (left.Id == Removed || left.Next >= Count)
                continue;
            ref Symbol right = ref _symbols[left.Next];
            if (!merges.TryGet(left.Id, right.Id, out Merge current) || current.Result != result)
                continue;
            left.Id = result;
            right.Id = Removed;
            left.Next = right.Next;
            if (left.Next < Count)
            {
                _symbols[left.Next].Previous = position;
                Queue(merges, position);
            }

            if (left.Previous >= 0)
                Queue(merges, left.Previous);
        }
    }

    public int First => Count > 0 ? 0 : -1;

    /// <summary>The symbol after <paramref name="position"/>, or -1.</summary>
    public int Next(int position) => _symbols[position].Next < Count ? _symbols[position].Next : -1;

    public int IdAt(int position) => _symbols[position].Id;

    /// <summary>Where the symbol begins in the word; the following symbol's start is its end.</summary>
    public int StartAt(int position) => _symbols[position].Start;

    private void Queue(MergeTable merges, int position)
    {
        if (!merges.TryGet(_symbols[position].Id, _symbols[_symbols[position].Next].Id, out Merge merge))
            return;
        _queue.Enqueue(merge.Rank, position, merge.Result);
        QueuedPairs++;
    }

    private struct Symbol
    {
        public int Id;
        public int Start;
        public int Previous;
        public int Next;
    }
}
