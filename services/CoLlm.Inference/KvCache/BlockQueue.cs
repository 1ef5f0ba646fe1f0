using System.Diagnostics;

namespace CoLlm.Inference.KvCache;

/// <summary>Blocks in order of last use, as a linked list in two arrays: constant time for all operations, no allocation.</summary>
internal sealed class BlockQueue
{
    private const int None = -1;

    private readonly int[] _older;
    private readonly int[] _newer;
    private int _oldest = None;
    private int _newest = None;

    public BlockQueue(int blockCount)
    {
        _older = new int[blockCount];
        _newer = new int[blockCount];
    }

    public int Count { get; private set; }

    public void PushNewest(int block)
    {
        _older[block] = _newest;
        _newer[block] = None;
        if (_newest == None)
            _oldest = block;
        else
            _newer[_newest] = block;
        _newest = block;
        Count++;
    }

    public int PopOldest()
    {
        Debug.Assert(Count > 0, "The queue is empty.");
        int block = _oldest;
        Remove(block);
        return block;
    }

    public void Remove(int block)
    {
        (int older, int newer) = (_older[block], _newer[block]);
        if (older == None)
            _oldest = newer;
        else
            _newer[older] = newer;
        if (newer == None)
            _newest = older;
        else
            _older[newer] = older;
        Count--;
    }

    public IEnumerable<int> OldestFirst()
    {
        for (int block = _oldest; block != None; block = _newer[block])
            yield return block;
    }
}
