using CoLlm.Inference.Models;

namespace CoLlm.Testing.Reference;

/// <summary>Paged keys and values in one plain array each: <c>[block, layer, offset in block, key-value head, head_dim]</c>.</summary>
public sealed class ReferenceKvCache(ModelConfig config, int blockCount, int blockSize)
{
    private readonly int _rowWidth = config.KeyValueHeadCount * config.HeadDim;
    private readonly float[] _keys = NewStore(config, blockCount, blockSize);
    private readonly float[] _values = NewStore(config, blockCount, blockSize);

    /// <summary>Key row of one position. <c>[key-value heads, head_dim]</c></summary>
    public Span<float> Key(ReadOnlySpan<int> blockTable, int layer, int position) =>
        _keys.AsSpan(Offset(blockTable, layer, position), _rowWidth);

    /// <summary>Value row of one position. <c>[key-value heads, head_dim]</c></summary>
    public Span<float> Value(ReadOnlySpan<int> blockTable, int layer, int position) =>
        _values.AsSpan(Offset(blockTable, layer, position), _rowWidth);

    public void CopyBlock(int from, int to)
    {
        int size = config.LayerCount * blockSize * _rowWidth;
        _keys.AsSpan(from * size, size).CopyTo(_keys.AsSpan(to * size));
        _values.AsSpan(from * size, size).CopyTo(_values.AsSpan(to * size));
    }

    private static float[] NewStore(ModelConfig config, int blockCount, int blockSize)
    {
        float[] store = new float[checked(blockCount * config.LayerCount * blockSize * config.KeyValueHeadCount * config.HeadDim)];
        Array.Fill(store, float.NaN);
        return store;
    }

    private int Offset(ReadOnlySpan<int> blockTable, int layer, int position)
    {
        int block = blockTable[position / blockSize];
        return ((((block * config.LayerCount) + layer) * blockSize) + (position % blockSize)) * _rowWidth;
    }
}
