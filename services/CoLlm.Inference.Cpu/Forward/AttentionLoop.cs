using System.Numerics.Tensors;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>
/// Attention of all rows of a step over the paged cache. An item is a tile of (token, query head) pairs that share one
/// key-value head, so keys and values are loaded once for up to 12 of them.
/// </summary>
internal sealed unsafe class AttentionLoop : IPoolLoop, IDisposable
{
    private const int ScoreStride = Attention.Span + FloatTile.Columns;

    private readonly KernelTable _kernels;
    private readonly WorkerPool _pool;
    private readonly KvStore _cache;
    private readonly StepRows _rows;
    private readonly StepBuffers _buffers;
    private readonly ModelConfig _config;
    private readonly NativeBuffer _scratch;
    private readonly long _scratchBytes;
    private readonly int _group;
    private readonly float _scale;
    private int[] _firstItem = new int[16];
    private int _layer;

    public AttentionLoop(KernelTable kernels, WorkerPool pool, ModelConfig config, KvStore cache, StepRows rows, StepBuffers buffers)
    {
        _kernels = kernels;
        _pool = pool;
        _config = config;
        _cache = cache;
        _rows = rows;
        _buffers = buffers;
        _group = config.HeadCount / config.KeyValueHeadCount;
        _scale = (float)(1 / Math.Sqrt(config.HeadDim));
        _scratchBytes = AttentionTile.ByteLength(kernels.MaxFloatRows, config.HeadDim, cache.ValueStride, ScoreStride);
        _scratch = new NativeBuffer(_scratchBytes * pool.ThreadCount);
    }

    /// <summary>Fills <see cref="StepBuffers.Attended"/> from the queries and the cache of one layer.</summary>
    public void Run(int layer)
    {
        _layer = layer;
        _pool.For(PlanItems(), this);
    }

    public void Run(int item, int thread)
    {
        int index = 0;
        while (_firstItem[index + 1] <= item)
            index++;
        PlanSequence sequence = _rows.Plan.Sequences[index];
        RowTiles tiles = RowTiles.For(sequence.RowCount * _group, _kernels.MaxFloatRows);
        int head = (item - _firstItem[index]) / tiles.Count;
        int tile = (item - _firstItem[index]) % tiles.Count;
        byte* memory = _scratch.Data + (thread * _scratchBytes);
        Attend(sequence, head, tiles.Start(tile), tiles.Start(tile + 1), new AttentionTile(
            memory, _kernels.MaxFloatRows, _config.HeadDim, _cache.ValueStride, ScoreStride));
    }

    public void Dispose() => _scratch.Dispose();

    private int PlanItems()
    {
        ReadOnlySpan<PlanSequence> sequences = _rows.Plan.Sequences;
        if (_firstItem.Length <= sequences.Length)
            Array.Resize(ref _firstItem, Math.Max(sequences.Length + 1, 2 * _firstItem.Length));
        int items = 0;
        for (int i = 0; i < sequences.Length; i++)
        {
            _firstItem[i] = items;
            items += RowTiles.For(sequences[i].RowCount * _group, _kernels.MaxFloatRows).Count * _config.KeyValueHeadCount;
        }
        _firstItem[sequences.Length] = items;
        return items;
    }

    /// <summary>Rows <paramref name="start"/> to <paramref name="end"/> are (token, query head) pairs, heads of a token adjacent.</summary>
    private void Attend(in PlanSequence sequence, int head, int start, int end, in AttentionTile tile)
    {
        int rows = end - start;
        ReadOnlySpan<int> table = _rows.BlockTable(sequence);
        for (int r = 0; r < rows; r++)
        {
            float* query = _buffers.QueryKeyValue + ((long)Row(sequence, start + r) * _buffers.QueryKeyValueStride)
                + (QueryHead(head, start + r) * _config.HeadDim);
            new ReadOnlySpan<float>(query, _config.HeadDim).CopyTo(new Span<float>(tile.Values + (r * _config.HeadDim), _config.HeadDim));
        }
        TileTranspose.Run(tile.Values, _config.HeadDim, tile.Queries, rows, _config.HeadDim);
        tile.Clear(rows);

        int firstPosition = First(Position(sequence, start));
        int lastPosition = Position(sequence, end - 1);
        for (int span = firstPosition / Attention.Span; span <= lastPosition / Attention.Span; span++)
            AttendSpan(sequence, table, head, start, rows, span * Attention.Span, tile);

        for (int r = 0; r < rows; r++)
        {
            float* target = _buffers.Attended + ((long)Row(sequence, start + r) * _buffers.AttendedStride)
                + (QueryHead(head, start + r) * _config.HeadDim);
            var result = new ReadOnlySpan<float>(tile.Running + (r * _cache.ValueStride), _config.HeadDim);
            TensorPrimitives.Multiply(result, 1f / tile.States[(2 * r) + 1], new Span<float>(target, _config.HeadDim));
        }
    }

    private void AttendSpan(
        in PlanSequence sequence, ReadOnlySpan<int> table, int head, int start, int rows, int spanStart, in AttentionTile tile)
    {
        int begin = Math.Max(First(Position(sequence, start)) - spanStart, 0) / Attention.KeyBlock * Attention.KeyBlock;
        int last = Math.Min(Position(sequence, start + rows - 1) - spanStart, Attention.Span - 1);
        int end = (last / Attention.KeyBlock * Attention.KeyBlock) + Attention.KeyBlock;
        for (int t = begin; t < end; t += FloatTile.Columns)
        {
            float* low = _cache.KeyBlock(table, _layer, head, spanStart + t);
            float* high = t + Attention.KeyBlock < end ? _cache.KeyBlock(table, _layer, head, spanStart + t + Attention.KeyBlock) : low;
            _kernels.Float32Tiles[rows]((byte*)low, (byte*)high, Attention.KeyBlock * sizeof(float), tile.Queries, _config.HeadDim,
                tile.Scores + t, ScoreStride, false);
        }

        int commonFirst = 0;
        int commonLast = Attention.Span - 1;
        for (int r = 0; r < rows; r++)
        {
            (int rowFirst, int rowLast) = Range(sequence, start + r, spanStart);
            commonFirst = Math.Max(commonFirst, rowFirst);
            commonLast = Math.Min(commonLast, rowLast);
            if (rowFirst <= rowLast)
            {
                tile.Sums[r] = _kernels.Softmax(
                    tile.Scores + (r * ScoreStride), begin, end, rowFirst, rowLast, _scale, tile.Largest + r);
            }
        }
        AddValues(sequence, table, head, start, rows, spanStart, commonFirst, commonLast, tile);
        for (int r = 0; r < rows; r++)
        {
            (int rowFirst, int rowLast) = Range(sequence, start + r, spanStart);
            if (rowFirst <= rowLast)
            {
                int offset = r * _cache.ValueStride;
                _kernels.Merge(
                    tile.States + (2 * r), tile.Running + offset, tile.Largest[r], tile.Sums[r], tile.Values + offset, _cache.ValueStride);
            }
        }
    }

    /// <summary>
    /// Weighted values of a span, positions ascending for every row: those that all rows attend to as a tile, the ragged ends
    /// row by row.
    /// </summary>
    private void AddValues(
        in PlanSequence sequence, ReadOnlySpan<int> table, int head, int start, int rows, int spanStart,
        int commonFirst, int commonLast, in AttentionTile tile)
    {
        new Span<float>(tile.Values, rows * _cache.ValueStride).Clear();
        bool common = commonFirst <= commonLast;
        for (int r = 0; r < rows; r++)
        {
            (int rowFirst, int rowLast) = Range(sequence, start + r, spanStart);
            int stop = common ? commonFirst - 1 : rowLast;
            AddRows(table, head, spanStart, rowFirst, stop, tile.Scores + (r * ScoreStride) + rowFirst, 1, tile.Values + (r * _cache.ValueStride));
        }
        if (!common)
            return;
        int count = commonLast - commonFirst + 1;
        float* weights = tile.Scores + commonFirst;
        if (rows > 1)
        {
            TileTranspose.Run(weights, ScoreStride, tile.Weights, rows, count);
            weights = tile.Weights;
        }
        AddRows(table, head, spanStart, commonFirst, commonLast, weights, rows, tile.Values);
        for (int r = 0; r < rows; r++)
        {
            (_, int rowLast) = Range(sequence, start + r, spanStart);
            AddRows(table, head, spanStart, commonLast + 1, rowLast, tile.Scores + (r * ScoreStride) + commonLast + 1, 1,
                tile.Values + (r * _cache.ValueStride));
        }
    }

    private void AddRows(
        ReadOnlySpan<int> table, int head, int spanStart, int first, int last, float* weights, int rows, float* values)
    {
        int stride = _cache.ValueStride;
        while (first <= last)
        {
            int position = spanStart + first;
            int count = Math.Min(last - first + 1, _cache.BlockSize - (position & (_cache.BlockSize - 1)));
            byte* source = (byte*)_cache.Value(table, _layer, head, position);
            for (int column = 0; column < stride; column += FloatTile.Columns)
            {
                byte* low = source + (column * sizeof(float));
                _kernels.Float32Tiles[rows](low, low + 64, stride * sizeof(float), weights, count, values + column, stride, true);
            }
            weights += count * rows;
            first += count;
        }
    }

    private int Row(in PlanSequence sequence, int pair) => sequence.FirstRow + (pair / _group);

    private int Position(in PlanSequence sequence, int pair) => sequence.StartPosition + (pair / _group);

    private int QueryHead(int keyValueHead, int pair) => (keyValueHead * _group) + (pair % _group);

    private int First(int position) => _config.SlidingWindow is { } window ? Math.Max(0, position - window + 1) : 0;

    /// <summary>Positions of a span that a row attends to, relative to the span; empty when the first is after the last.</summary>
    private (int First, int Last) Range(in PlanSequence sequence, int pair, int spanStart)
    {
        int position = Position(sequence, pair);
        return (Math.Max(First(position) - spanStart, 0), Math.Min(position - spanStart, Attention.Span - 1));
    }
}
