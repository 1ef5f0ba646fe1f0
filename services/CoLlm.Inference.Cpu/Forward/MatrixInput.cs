using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>Packs activation rows into the tiles that a matrix product reads, quantised where the matrix is.</summary>
internal sealed unsafe class MatrixInput(KernelTable kernels, WorkerPool pool) : IPoolLoop
{
    private const int PartSteps = ActivationQuantizer.GroupSize;

    /// <summary>Fewer values than this are packed faster than they are shared out.</summary>
    private const int LeastPartValues = 4096;

    private float* _source;
    private long _sourceStride;
    private int _depth;
    private WeightKind _kind;
    private byte* _target;
    private int _partsPerTile;

    /// <summary>How the rows are cut.</summary>
    public RowTiles Tiles { get; private set; }

    /// <summary>The packed rows; tile t starts <c>Start(t) * RowBytes</c> bytes from here.</summary>
    public byte* Data { get; private set; }

    /// <summary>Bytes of one packed row.</summary>
    public long RowBytes { get; private set; }

    /// <summary>Bytes that one row of any product of this depth can take.</summary>
    public static long MaxRowBytes(int depth) => ((long)depth + ActivationQuantizer.GroupSize) * sizeof(float);

    /// <summary>Packs <paramref name="rows"/> rows for a product with <paramref name="matrix"/>.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="source">First row.</param>
    /// <param name="sourceStride">Floats from one row to the next.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="buffer">Room for the packed rows; left alone where a single row can be read as it is.</param>
    public void Pack(in PackedMatrix matrix, float* source, long sourceStride, int rows, byte* buffer)
    {
        _source = source;
        _sourceStride = sourceStride;
        _depth = matrix.Depth;
        _kind = matrix.Kind;
        _target = buffer;
        IntegerKernels? integers = _kind.IsInteger() ? kernels.Integer(_kind) : null;
        Tiles = RowTiles.For(rows, integers?.MaxRows ?? kernels.MaxFloatRows);
        RowBytes = (integers is null ? matrix.Depth : (long)matrix.Units * (integers.GroupInts(rows) / rows)) * sizeof(int);
        Data = buffer;
        if (rows == 1 && !_kind.IsInteger())
            Data = (byte*)source;
        else
            Share(rows);
    }

    public void Run(int item, int thread)
    {
        int tile = item / _partsPerTile;
        int start = Tiles.Start(tile);
        int rows = Tiles.Start(tile + 1) - start;
        (int first, int count) = Steps(item % _partsPerTile);
        byte* target = _target + (start * RowBytes);
        float* source = _source + (start * _sourceStride) + first;
        if (!_kind.IsInteger())
        {
            TileTranspose.Run(source, _sourceStride, (float*)target + ((long)first * rows), rows, count);
            return;
        }
        IntegerKernels integers = kernels.Integer(_kind);
        int* group = (int*)target + ((long)first / PartSteps * integers.GroupInts(rows));
        for (int row = 0; row < rows; row++)
            integers.Quantize(source + (row * _sourceStride), count, group, row, rows);
    }

    /// <summary>A tile is one item, or where there are fewer tiles than threads several, by depth.</summary>
    private void Share(int rows)
    {
        long values = (long)rows * _depth;
        _partsPerTile = (int)Math.Clamp(Math.Min(pool.ThreadCount, values / LeastPartValues) / Tiles.Count, 1, pool.ThreadCount);
        pool.For(Tiles.Count * _partsPerTile, this);
    }

    /// <summary>First depth step and number of them; parts meet between groups.</summary>
    private (int First, int Count) Steps(int part)
    {
        long units = (_depth + PartSteps - 1) / PartSteps;
        int first = (int)(units * part / _partsPerTile) * PartSteps;
        int end = (int)Math.Min(_depth, units * (part + 1) / _partsPerTile * PartSteps);
        return (first, end - first);
    }
}
