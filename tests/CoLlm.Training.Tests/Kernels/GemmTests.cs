using CoLlm.Training.Kernels;

namespace CoLlm.Training.Tests.Kernels;

public sealed unsafe class GemmTests
{
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 1, 1, 1 },
        { 12, 32, 256 },
        { 13, 33, 257 },
        { 100, 130, 600 },
        { 5, 70, 3 },
        { 200, 7, 40 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Multiply_EveryOrderOfBothOperands_AgreesWithTheNaiveProduct(int m, int n, int k)
    {
        using ForkJoinPool pool = new(2);
        Gemm gemm = new(pool);
        foreach (bool transposeA in new[] { false, true })
        {
            foreach (bool transposeB in new[] { false, true })
            {
                MatrixView a = Random(m, k, transposeA, 1, out FloatBlock keepA);
                MatrixView b = Random(k, n, transposeB, 2, out FloatBlock keepB);
                FloatBlock parallel = new(m * n);
                FloatBlock serial = new(m * n);

                gemm.Multiply(a, b, parallel.Data, n, accumulate: false);
                gemm.Multiply(a, b, parallel.Data, n, accumulate: true);
                Gemm.MultiplySerially(new PackingMemory(), a, b, serial.Data, n, accumulate: false);
                Gemm.MultiplySerially(new PackingMemory(), a, b, serial.Data, n, accumulate: true);

                Assert.Equal(serial.Span.ToArray(), parallel.Span.ToArray());
                double[] expected = NaiveProduct(a, b);
                for (int i = 0; i < expected.Length; i++)
                    Assert.Equal(2 * expected[i], parallel.Span[i], 1e-4);
                GC.KeepAlive(keepA);
                GC.KeepAlive(keepB);
            }
        }
    }

    [Fact]
    public void Tile256_SameStrips_GivesTheBitsOfTheWiderTile()
    {
        MatrixView a = Random(50, MicroKernel.Rows, transposed: false, 3, out FloatBlock packedA);
        MatrixView b = Random(50, MicroKernel.Columns, transposed: false, 4, out FloatBlock packedB);
        FloatBlock wide = new(MicroKernel.Rows * MicroKernel.Columns);
        FloatBlock narrow = new(MicroKernel.Rows * MicroKernel.Columns);

        MicroKernel.Run(a.Data, b.Data, 50, wide.Data, MicroKernel.Columns, accumulate: false);
        for (int row = 0; row < MicroKernel.Rows; row += 6)
        {
            for (int column = 0; column < MicroKernel.Columns; column += 16)
                MicroKernel.Tile256(a.Data + row, b.Data + column, 50, narrow.Data + (row * MicroKernel.Columns) + column, MicroKernel.Columns, accumulate: false);
        }

        Assert.Equal(wide.Span.ToArray(), narrow.Span.ToArray());
        GC.KeepAlive(packedA);
        GC.KeepAlive(packedB);
    }

    private static MatrixView Random(int rows, int columns, bool transposed, ulong seed, out FloatBlock owner)
    {
        owner = new FloatBlock(rows * columns);
        SeededRandom random = new(seed);
        foreach (ref float value in owner.Span)
            value = (float)random.NextDouble() - 0.5f;
        return transposed ? MatrixView.RowMajor(owner.Data, columns, rows).Transposed : MatrixView.RowMajor(owner.Data, rows, columns);
    }

    private static double[] NaiveProduct(MatrixView a, MatrixView b)
    {
        double[] c = new double[a.Rows * b.Columns];
        for (int i = 0; i < a.Rows; i++)
        {
            for (int j = 0; j < b.Columns; j++)
            {
                for (int k = 0; k < a.Columns; k++)
                    c[(i * b.Columns) + j] += (double)a.Data[(i * a.RowStride) + (k * a.ColumnStride)] * b.Data[(k * b.RowStride) + (j * b.ColumnStride)];
            }
        }

        return c;
    }
}
