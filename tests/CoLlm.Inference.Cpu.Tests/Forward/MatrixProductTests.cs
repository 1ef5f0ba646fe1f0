using System.Runtime.InteropServices;
using CoLlm.Inference.Cpu.Forward;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Cpu.Tests.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Tests.Forward;

/// <summary>A row's product is the same alone and among others, however deep the matrix is.</summary>
public sealed unsafe class MatrixProductTests
{
    private const int Panels = 3;
    private const int Columns = Panels * 32;

    /// <summary>The deepest panel is longer than what several tiles read before they go on.</summary>
    public static TheoryData<int, int, int> Cases => [.. from set in Enumerable.Range(0, (int)KernelTable.Best + 1)
        from kind in (WeightKind[])[WeightKind.BFloat16, WeightKind.Int8, WeightKind.Int4] from groups in (int[])[1, 30, 500]
        select new TheoryDataRow<int, int, int>(set, (int)kind, groups)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_RowsInSeveralTiles_GivesTheBitsOfEachRowAlone(int set, int weightKind, int groups)
    {
        var kind = (WeightKind)weightKind;
        KernelTable kernels = KernelCases.Table(set);
        int depth = groups * 32;
        fixed (byte* weights = Pack(kind, groups))
        {
            PackedMatrix matrix = new((nint)weights, kind, Panels, depth);
            float[] input = KernelCases.Random(17 * depth, groups);
            float[] alone = [.. Enumerable.Range(0, 17).SelectMany(row => Multiply(kernels, matrix, input[(row * depth)..((row + 1) * depth)], 1))];
            foreach (int rows in (int[])[9, 13, 17])
                Assert.Equal(alone[..(rows * Columns)], Multiply(kernels, matrix, input, rows));
        }
    }

    private static float[] Multiply(KernelTable kernels, PackedMatrix matrix, float[] input, int rows)
    {
        using var pool = new WorkerPool(2);
        using var packed = new NativeBuffer(rows * MatrixInput.MaxRowBytes(matrix.Depth));
        float[] output = new float[rows * Columns];
        fixed (float* source = input, target = output)
            pool.Execute(new Program(kernels, pool, matrix, source, rows, packed.Data, target));
        return output;
    }

    private static byte[] Pack(WeightKind kind, int groups)
    {
        byte[] panels = [];
        for (int panel = 0; panel < Panels; panel++)
        {
            float[] weights = KernelCases.Random(groups * 32 * 32, panel + 1);
            byte[] packed = kind.IsInteger()
                ? KernelCases.PackGroups(weights, kind)
                : [.. MemoryMarshal.AsBytes(weights.Select(weight => (ushort)(BitConverter.SingleToUInt32Bits(weight) >> 16)).ToArray().AsSpan())];
            int padding = checked((int)new PackedMatrix(0, kind, 1, groups * 32).PanelBytes) - kind.PanelHeaderBytes() - packed.Length;
            panels = [.. panels, .. Header(kind), .. packed, .. new byte[padding]];
        }
        return panels;
    }

    /// <summary>Scales of one for every column.</summary>
    private static byte[] Header(WeightKind kind) =>
        [.. Enumerable.Repeat((byte[])[0x80, 0x3F], kind.PanelHeaderBytes() / sizeof(ushort)).SelectMany(one => one)];

    private sealed class Program(KernelTable kernels, WorkerPool pool, PackedMatrix matrix, float* source, int rows, byte* packed, float* target) : IPoolProgram
    {
        public void Execute()
        {
            var input = new MatrixInput(kernels, pool);
            input.Pack(matrix, source, matrix.Depth, rows, packed);
            new MatrixProduct(kernels, pool).Run(matrix, input, target, Columns, ProductEnd.None, null, 0);
        }
    }
}
