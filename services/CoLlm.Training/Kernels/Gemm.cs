namespace CoLlm.Training.Kernels;

/// <summary>
/// Matrix product <c>C (+)= A B</c> of strided views. Both operands are packed, tiles are shared out over the pool, and no
/// reduction is ever split between threads, so the bits do not depend on how many there are. One caller at a time.
/// </summary>
internal sealed unsafe class Gemm(ForkJoinPool pool)
{
    /// <summary>Steps of the reduction that are done before moving on: a packed strip of columns then stays in the first-level cache.</summary>
    internal const int DepthBlock = 256;

    private const int TileRowStrips = 8;
    private const int TileColumnStrips = 4;

    private FloatBlock? _packedA;
    private FloatBlock? _packedB;

    /// <summary>Computes <c>c = a b</c>, or <c>c += a b</c> with <paramref name="accumulate"/>.</summary>
    /// <param name="a"><c>[m, k]</c>.</param>
    /// <param name="b"><c>[k, n]</c>.</param>
    /// <param name="c"><c>[m, n]</c>, modified; must not overlap the operands.</param>
    /// <param name="stride">Distance between rows of <paramref name="c"/>.</param>
    /// <param name="accumulate">Add to what is there.</param>
    public void Multiply(MatrixView a, MatrixView b, float* c, long stride, bool accumulate)
    {
        int rowStrips = Strips(a.Rows, MicroKernel.Rows);
        int columnStrips = Strips(b.Columns, MicroKernel.Columns);
        int depth = a.Columns;
        _packedA = FloatBlock.AtLeast(_packedA, checked(rowStrips * MicroKernel.Rows * depth));
        _packedB = FloatBlock.AtLeast(_packedB, checked(columnStrips * MicroKernel.Columns * depth));
        float* packedA = _packedA.Data;
        float* packedB = _packedB.Data;
        int itemsA = Strips(rowStrips, TileRowStrips);
        int itemsB = Strips(columnStrips, TileColumnStrips);
        pool.Run(itemsA + itemsB, (_, item) =>
        {
            if (item < itemsA)
                PackRows(a, item * TileRowStrips, Math.Min(rowStrips, (item + 1) * TileRowStrips), packedA);
            else
                PackColumns(b, (item - itemsA) * TileColumnStrips, Math.Min(columnStrips, (item - itemsA + 1) * TileColumnStrips), packedB);
        });
        pool.Run(itemsA * itemsB, (_, item) =>
        {
            int row = item % itemsA * TileRowStrips;
            int column = item / itemsA * TileColumnStrips;
            StripRange rows = new(row, Math.Min(rowStrips, row + TileRowStrips), a.Rows);
            StripRange columns = new(column, Math.Min(columnStrips, column + TileColumnStrips), b.Columns);
            Tiles(packedA, packedB, rows, columns, depth, c, stride, accumulate);
        });
    }

    /// <summary>The same product on the calling thread alone, with its own packing memory.</summary>
    public static void MultiplySerially(PackingMemory memory, MatrixView a, MatrixView b, float* c, long stride, bool accumulate)
    {
        int rowStrips = Strips(a.Rows, MicroKernel.Rows);
        int columnStrips = Strips(b.Columns, MicroKernel.Columns);
        float* packedA = memory.Rows(rowStrips * MicroKernel.Rows * a.Columns);
        float* packedB = memory.Columns(columnStrips * MicroKernel.Columns * a.Columns);
        PackRows(a, 0, rowStrips, packedA);
        PackColumns(b, 0, columnStrips, packedB);
        Tiles(packedA, packedB, new StripRange(0, rowStrips, a.Rows), new StripRange(0, columnStrips, b.Columns), a.Columns, c, stride, accumulate);
    }

    private static void Tiles(
        float* packedA, float* packedB, StripRange rows, StripRange columns, int depth, float* c, long stride, bool accumulate)
    {
        float* edge = stackalloc float[MicroKernel.Rows * MicroKernel.Columns];
        for (int k = 0; k < depth; k += DepthBlock)
        {
            int steps = Math.Min(DepthBlock, depth - k);
            bool add = accumulate || k > 0;
            for (int column = columns.First; column < columns.End; column++)
            {
                float* b = packedB + (((long)column * depth) + k) * MicroKernel.Columns;
                int width = Math.Min(MicroKernel.Columns, columns.Limit - (column * MicroKernel.Columns));
                for (int row = rows.First; row < rows.End; row++)
                {
                    float* a = packedA + (((long)row * depth) + k) * MicroKernel.Rows;
                    float* target = c + (row * MicroKernel.Rows * stride) + (column * MicroKernel.Columns);
                    int height = Math.Min(MicroKernel.Rows, rows.Limit - (row * MicroKernel.Rows));
                    if (height == MicroKernel.Rows && width == MicroKernel.Columns)
                        MicroKernel.Run(a, b, steps, target, stride, add);
                    else
                        EdgeTile(a, b, steps, edge, target, stride, height, width, add);
                }
            }
        }
    }

    private static void EdgeTile(float* a, float* b, int steps, float* edge, float* c, long stride, int height, int width, bool accumulate)
    {
        MicroKernel.Run(a, b, steps, edge, MicroKernel.Columns, accumulate: false);
        for (int i = 0; i < height; i++)
        {
            float* target = c + (i * stride);
            float* source = edge + (i * MicroKernel.Columns);
            for (int j = 0; j < width; j++)
                target[j] = accumulate ? target[j] + source[j] : source[j];
        }
    }

    private static void PackRows(MatrixView a, int firstStrip, int endStrip, float* packed)
    {
        for (int strip = firstStrip; strip < endStrip; strip++)
        {
            int row = strip * MicroKernel.Rows;
            Packing.Pack(
                a.Data + (row * a.RowStride), a.RowStride, a.ColumnStride, Math.Min(MicroKernel.Rows, a.Rows - row), MicroKernel.Rows, a.Columns,
                packed + ((long)row * a.Columns));
        }
    }

    private static void PackColumns(MatrixView b, int firstStrip, int endStrip, float* packed)
    {
        for (int strip = firstStrip; strip < endStrip; strip++)
        {
            int column = strip * MicroKernel.Columns;
            Packing.Pack(
                b.Data + (column * b.ColumnStride), b.ColumnStride, b.RowStride, Math.Min(MicroKernel.Columns, b.Columns - column),
                MicroKernel.Columns, b.Rows, packed + ((long)column * b.Rows));
        }
    }

    private static int Strips(int count, int width) => (count + width - 1) / width;

    /// <summary>Strips [First, End) of an operand that has Limit rows or columns in all.</summary>
    private readonly record struct StripRange(int First, int End, int Limit);
}
