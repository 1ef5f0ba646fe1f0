using System.Diagnostics;

namespace CoLlm.Inference.KvCache;

/// <summary>
/// Owns the ids of all KV blocks: who holds them, which are free, and which free ones still hold a prefix worth keeping.
/// Not thread-safe: the engine's lock guards it.
/// </summary>
/// <remarks>
/// A block is held (by one or more block tables), cached (held by nobody, its content findable by key, evicted least recently used
/// first), or free. Sessions reserve blocks for their longest length before they start, counting shared blocks in full; so the
/// blocks held never exceed the blocks reserved, and <see cref="Allocate"/> cannot fail.
/// </remarks>
internal sealed class KvBlockPool
{
    private readonly int[] _references;
    private readonly KvBlockKey[] _keys;
    private readonly bool[] _complete;
    private readonly bool[] _findable;
    private readonly int[] _free;
    private readonly Dictionary<KvBlockKey, int> _index;
    private readonly BlockQueue _cached;
    private readonly int _cacheLimit;
    private int _freeCount;

    /// <summary>Creates a pool with all blocks free.</summary>
    /// <param name="blockCount">Blocks; their ids count from 0.</param>
    /// <param name="blockSize">Tokens per block.</param>
    /// <param name="cacheLimit">Blocks held by nobody that are kept for their prefix.</param>
    public KvBlockPool(int blockCount, int blockSize, int cacheLimit)
    {
        BlockSize = blockSize;
        _references = new int[blockCount];
        _keys = new KvBlockKey[blockCount];
        _complete = new bool[blockCount];
        _findable = new bool[blockCount];
        _free = new int[blockCount];
        _index = new Dictionary<KvBlockKey, int>(blockCount);
        _cached = new BlockQueue(blockCount);
        _cacheLimit = Math.Min(cacheLimit, blockCount);
        for (int i = 0; i < blockCount; i++)
            _free[_freeCount++] = blockCount - 1 - i;
    }

    public int BlockCount => _references.Length;

    public int BlockSize { get; }

    public int ReservedCount { get; private set; }

    public int CachedCount => _cached.Count;

    /// <summary>Blocks in at least one block table.</summary>
    public int HeldCount => BlockCount - _freeCount - _cached.Count;

    public int UnreservedCount => BlockCount - ReservedCount;

    /// <summary>Blocks that this many tokens take.</summary>
    public int BlocksFor(long tokens) => (int)((tokens + BlockSize - 1) / BlockSize);

    public void Reserve(int blocks)
    {
        ReservedCount += blocks;
        Debug.Assert(ReservedCount <= BlockCount, "More blocks reserved than there are.");
    }

    public void Unreserve(int blocks)
    {
        ReservedCount -= blocks;
        Debug.Assert(ReservedCount >= HeldCount || ReservedCount >= 0, "Reservations went below zero.");
    }

    /// <summary>Hands out a block with one reference and unknown content; evicts the least recently used prefix if none is free.</summary>
    public int Allocate()
    {
        if (_freeCount == 0)
            Evict();
        int block = _free[--_freeCount];
        _references[block] = 1;
        return block;
    }

    /// <summary>One more block table holds the block.</summary>
    public void AddReference(int block)
    {
        Debug.Assert(_references[block] > 0, "A block that nobody holds cannot be shared.");
        _references[block]++;
    }

    /// <summary>One block table fewer holds the block; the last one sends it to the prefix cache or home.</summary>
    public void Release(int block)
    {
        Debug.Assert(_references[block] > 0, "A block was released twice.");
        if (--_references[block] > 0)
            return;
        if (!_findable[block])
        {
            Free(block);
            return;
        }

        _cached.PushNewest(block);
        if (_cached.Count > _cacheLimit)
            Evict();
    }

    public bool IsShared(int block) => _references[block] > 1;

    /// <summary>The block's content is about to change: it can no longer be found by its key.</summary>
    public void BeginRewrite(int block)
    {
        Debug.Assert(_references[block] == 1, "A shared block must be copied before it is written.");
        Forget(block);
    }

    /// <summary>All tokens of the block are computed. The first block with a key is the one that others find.</summary>
    public void MarkComplete(int block, in KvBlockKey key)
    {
        _keys[block] = key;
        _complete[block] = true;
        if (!_findable[block])
            _findable[block] = _index.TryAdd(key, block);
    }

    public bool IsComplete(int block) => _complete[block];

    /// <summary>The key of a complete block.</summary>
    public KvBlockKey KeyOf(int block)
    {
        Debug.Assert(_complete[block], "Only complete blocks have keys.");
        return _keys[block];
    }

    /// <summary>Takes a reference to the block with this key, if there is one.</summary>
    public bool TryShare(in KvBlockKey key, out int block)
    {
        if (!_index.TryGetValue(key, out block))
            return false;
        if (_references[block]++ == 0)
            _cached.Remove(block);
        return true;
    }

    public bool Holds(in KvBlockKey key) => _index.ContainsKey(key);

    /// <summary>Checks that every block is in exactly one place; for tests.</summary>
    /// <param name="expectedReferences">How many block tables hold each block.</param>
    internal void CheckInvariants(ReadOnlySpan<int> expectedReferences)
    {
        HashSet<int> free = [.. _free.AsSpan(0, _freeCount)];
        Require(free.Count == _freeCount, "a block is free twice");
        HashSet<int> cached = [.. _cached.OldestFirst()];
        Require(cached.Count == _cached.Count && cached.Count <= _cacheLimit, "the prefix cache is out of step with its bound");
        for (int block = 0; block < BlockCount; block++)
        {
            Require(_references[block] == expectedReferences[block], $"block {block} counts {_references[block]} references, not {expectedReferences[block]}");
            bool held = _references[block] > 0;
            Require((held ? 1 : 0) + (free.Contains(block) ? 1 : 0) + (cached.Contains(block) ? 1 : 0) == 1, $"block {block} is in no place or in two");
            Require(_findable[block] == (_index.TryGetValue(_keys[block], out int found) && found == block), $"block {block} and the index disagree");
            Require(!_findable[block] || _complete[block], $"block {block} can be found but is not complete");
            Require(!cached.Contains(block) || _findable[block], $"block {block} is cached but cannot be found");
        }

        Require(_index.Count == _findable.Count(f => f), "the index names a block twice");
        Require(HeldCount <= ReservedCount && ReservedCount <= BlockCount, $"{HeldCount} held, {ReservedCount} reserved, {BlockCount} in all");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new InvalidOperationException($"KV block pool: {otherwise}.");
    }

    private void Evict()
    {
        int block = _cached.PopOldest();
        Free(block);
    }

    private void Free(int block)
    {
        Forget(block);
        _free[_freeCount++] = block;
    }

    private void Forget(int block)
    {
        if (_findable[block])
            _index.Remove(_keys[block]);
        _findable[block] = _complete[block] = false;
        _keys[block] = default;
    }
}
