using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>
/// The paged KV cache in single precision. A block holds, for each layer and key-value head, the keys of every 16 positions
/// interleaved (<c>[positions / 16, head_dim, 16]</c>, so that scores of 16 positions are one register) and the values row by
/// row (<c>[positions, head_dim padded to 32]</c>).
/// </summary>
internal sealed unsafe class KvStore : IDisposable
{
    private readonly NativeBuffer _buffer;
    private readonly long _headFloats;
    private readonly int _headDim;
    private readonly int _keyValueHeads;
    private readonly long _keyFloats;
    private readonly int _blockShift;

    public KvStore(ModelConfig config, int blockCount, int blockSize)
    {
        if (blockSize < Attention.KeyBlock || (blockSize & (blockSize - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "Block size must be a power of two, at least 16.");
        BlockSize = blockSize;
        BlockCount = blockCount;
        _blockShift = int.Log2(blockSize);
        _headDim = config.HeadDim;
        _keyValueHeads = config.KeyValueHeadCount;
        ValueStride = PaddedValueWidth(config.HeadDim);
        _keyFloats = (long)blockSize * _headDim;
        _headFloats = HeadFloats(config.HeadDim, blockSize);
        BlockBytes = KvBlockBytes(config, blockSize);
        _buffer = new NativeBuffer(checked(BlockBytes * blockCount));
    }

    public int BlockSize { get; }

    public int BlockCount { get; }

    public long BlockBytes { get; }

    /// <summary>Floats from one position's values to the next.</summary>
    public int ValueStride { get; }

    public static int PaddedValueWidth(int headDim) => (headDim + FloatTile.Columns - 1) / FloatTile.Columns * FloatTile.Columns;

    public static long KvBlockBytes(ModelConfig config, int blockSize) =>
        checked(config.LayerCount * config.KeyValueHeadCount * HeadFloats(config.HeadDim, blockSize) * sizeof(float));

    /// <summary>Keys of the 16 positions that <paramref name="position"/> belongs to. <c>[head_dim, 16]</c></summary>
    public float* KeyBlock(ReadOnlySpan<int> table, int layer, int head, int position) =>
        Head(table[position >> _blockShift], layer, head)
            + ((position & (BlockSize - 1)) / Attention.KeyBlock * Attention.KeyBlock * _headDim);

    /// <summary>Values of a position, followed by those of the block's next positions.</summary>
    public float* Value(ReadOnlySpan<int> table, int layer, int head, int position) =>
        Head(table[position >> _blockShift], layer, head) + _keyFloats + ((position & (BlockSize - 1)) * ValueStride);

    /// <summary>Stores one position's key and value of one head.</summary>
    public void Write(ReadOnlySpan<int> table, int layer, int head, int position, float* key, float* value)
    {
        float* keys = KeyBlock(table, layer, head, position) + (position % Attention.KeyBlock);
        for (int i = 0; i < _headDim; i++)
            keys[i * Attention.KeyBlock] = key[i];
        var values = new Span<float>(Value(table, layer, head, position), ValueStride);
        new ReadOnlySpan<float>(value, _headDim).CopyTo(values);
        values[_headDim..].Clear();
    }

    public void CopyBlock(int from, int to) =>
        Buffer.MemoryCopy(_buffer.Data + (from * BlockBytes), _buffer.Data + (to * BlockBytes), BlockBytes, BlockBytes);

    public void Dispose() => _buffer.Dispose();

    private static long HeadFloats(int headDim, int blockSize) => (long)blockSize * (headDim + PaddedValueWidth(headDim));

    private float* Head(int block, int layer, int head) =>
        _buffer.Floats + (block * (BlockBytes / sizeof(float))) + (((layer * _keyValueHeads) + head) * _headFloats);
}
