using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Kernels.MachineCode;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Tests.Kernels.MachineCode;

/// <summary>All tiles give the portable tiles' bits, the generated ones too, at every number of rows, and touch nothing but their output.</summary>
public sealed unsafe class DotProductTileTests
{
    private const int Columns = 32;
    private const int Stride = 40;
    private const float Untouched = -7.25f;

    public static TheoryData<int, int, bool, int> Cases => [.. from set in Enumerable.Range(0, (int)KernelTable.Best + 1)
        from groups in (int[])[1, 2, 5, 16, 33] from accumulate in (bool[])[false, true] from kind in (WeightKind[])[WeightKind.Int8, WeightKind.Int4]
        select new TheoryDataRow<int, int, bool, int>(set, groups, accumulate, (int)kind)];

    /// <summary>Of what this machine can run, the generated tiles included.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Tiles_AnyRowsAndGroups_GiveTheBitsOfThePortableTiles(int set, int groups, bool accumulate, int weightKind)
    {
        var kind = (WeightKind)weightKind;
        IntegerKernels tiles = KernelTable.For((InstructionSet)set).Integer(kind);
        IntegerKernels portable = KernelTable.For(InstructionSet.Portable).Integer(kind);
        byte[] panel = KernelCases.PackGroups(KernelCases.Random(groups * 32 * Columns, 3 * groups), kind);
        float[] input = KernelCases.Random(tiles.MaxRows * groups * 32, groups);
        for (int rows = 1; rows <= tiles.MaxRows; rows++)
        {
            float[] actual = Multiply(tiles, panel, input, groups, rows, accumulate, rows);
            float[] expected = Multiply(portable, panel, input, groups, rows, accumulate, Math.Min(rows, portable.MaxRows / 2));
            Assert.Equal(expected, actual);
            Assert.All(Enumerable.Range(0, rows), row => Assert.All(actual[((row * Stride) + Columns)..((row + 1) * Stride)], value => Assert.Equal(Untouched, value)));
        }
    }

    [Fact]
    public void Best_WhereGeneratedTilesRun_IsThem() => Assert.Equal(DotProductTile.IsSupported, KernelTable.Best == InstructionSet.Avx512Vnni);

    [Theory]
    [InlineData(0)]
    [InlineData(DotProductCode.MaxRows + 1)]
    public void Generate_RowsThatDoNotFitTheRegisters_IsRefused(int rows) =>
        Assert.ThrowsAny<ArgumentException>(() => DotProductCode.Generate(WeightKind.Int8, rows, shared: false));

    /// <summary>Rows in tiles of at most <paramref name="tileRows"/>, into an output that held numbers already. <c>[rows, Stride]</c></summary>
    private static float[] Multiply(IntegerKernels kernels, byte[] panel, float[] input, int groups, int rows, bool accumulate, int tileRows)
    {
        int depth = groups * 32;
        float[] output = new float[rows * Stride];
        float[] before = KernelCases.Random(rows * Columns, 99);
        for (int i = 0; i < output.Length; i++)
            output[i] = i % Stride < Columns ? before[(i / Stride * Columns) + (i % Stride)] : Untouched;
        int[] packed = new int[groups * tileRows * Math.Max(kernels.InputInts, kernels.SingleInputInts)];
        fixed (byte* weights = panel)
        fixed (float* x = input, y = output)
        fixed (int* p = packed)
        {
            for (int start = 0; start < rows; start += tileRows)
            {
                int count = Math.Min(tileRows, rows - start);
                for (int row = 0; row < count; row++)
                    kernels.Quantize(x + ((start + row) * depth), depth, p, row, count);
                kernels.Tiles[count](weights, p, groups, y + (start * Stride), Stride, accumulate);
            }
        }
        return output;
    }
}
