using System.Diagnostics;

namespace CoLlm.Inference.KvCache;

/// <summary>A copy that the backend makes before the next step, because a shared block is about to be written.</summary>
internal readonly record struct BlockCopy(int From, int To);

/// <summary>
/// The KV blocks of one session, in order of position. At rest it covers the computed tokens exactly; while the session is in a
/// step, that step's rows too. The engine's lock guards it.
/// </summary>
internal sealed class BlockTable(KvBlockPool pool, int capacityTokens)
{
    private readonly int[] _blocks = new int[pool.BlocksFor(capacityTokens)];

    public int Count { get; private set; }

    /// <summary>Most blocks it can hold: what its session reserved.</summary>
    public int Capacity => _blocks.Length;

    public ReadOnlySpan<int> Ids => _blocks.AsSpan(0, Count);

    /// <summary>Takes over whole blocks that other sessions have computed for the same tokens.</summary>
    /// <param name="tokens">The session's tokens.</param>
    /// <param name="computed">Tokens already covered.</param>
    /// <param name="limit">No position from here on may be taken over.</param>
    /// <returns>Tokens covered now.</returns>
    public int AdoptPrefix(ReadOnlySpan<int> tokens, int computed, int limit)
    {
        int size = pool.BlockSize;
        if (computed % size != 0)
            return computed;
        Debug.Assert(Count == computed / size, "The table does not cover the computed tokens.");
        while (computed + size <= limit && pool.TryShare(KeyBefore(Count).Next(tokens.Slice(computed, size)), out int block))
        {
            _blocks[Count++] = block;
            computed += size;
        }

        return computed;
    }

    /// <summary>Makes the positions <c>[start, start + rows)</c> writable by this session alone.</summary>
    /// <param name="start">Tokens covered so far.</param>
    /// <param name="rows">Tokens to come.</param>
    /// <param name="copies">Receives the copy to make first, if the block that is partly filled is shared.</param>
    public void PrepareRows(int start, int rows, List<BlockCopy> copies)
    {
        Debug.Assert(Count == pool.BlocksFor(start), "The table does not cover the computed tokens.");
        if (start % pool.BlockSize != 0)
            MakeLastWritable(copies);
        while (Count < pool.BlocksFor(start + rows))
            _blocks[Count++] = pool.Allocate();
    }

    /// <summary>The tokens <c>[from, to)</c> have been computed: blocks that are full now can be found by other sessions.</summary>
    public void MarkComputed(ReadOnlySpan<int> tokens, int from, int to)
    {
        int size = pool.BlockSize;
        for (int i = from / size; i < to / size; i++)
            pool.MarkComplete(_blocks[i], KeyBefore(i).Next(tokens.Slice(i * size, size)));
    }

    /// <summary>Gives back all blocks that the first <paramref name="tokens"/> tokens do not need, the last one first.</summary>
    public void TrimTo(int tokens)
    {
        int kept = pool.BlocksFor(tokens);
        while (Count > kept)
            pool.Release(_blocks[--Count]);
    }

    /// <summary>Fills an empty table with this one's blocks for the first <paramref name="tokens"/> tokens.</summary>
    public void ShareWith(BlockTable other, int tokens)
    {
        Debug.Assert(other.Count == 0, "The other table must be empty.");
        for (int i = 0; i < pool.BlocksFor(tokens); i++)
        {
            pool.AddReference(_blocks[i]);
            other._blocks[other.Count++] = _blocks[i];
        }
    }

    private KvBlockKey KeyBefore(int index) => index == 0 ? KvBlockKey.Root : pool.KeyOf(_blocks[index - 1]);

    private void MakeLastWritable(List<BlockCopy> copies)
    {
        int last = _blocks[Count - 1];
        if (!pool.IsShared(last))
        {
            pool.BeginRewrite(last);
            return;
        }

        int own = pool.Allocate();
        copies.Add(new BlockCopy(last, own));
        pool.Release(last);
        _blocks[Count - 1] = own;
    }
}
