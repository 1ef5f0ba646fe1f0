using CoLlm.Inference.Cpu.Forward;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Cpu.Tests.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Tests.Forward;

/// <summary>Rows are packed the same however the work is shared.</summary>
public sealed unsafe class MatrixInputTests
{
    private const int Depth = 3007;

    public static TheoryData<int> InstructionSets => KernelCases.InstructionSets;

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Pack_SeveralThreads_GivesTheBytesOfOne(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        foreach (WeightKind kind in (WeightKind[])[WeightKind.BFloat16, WeightKind.Int8, WeightKind.Int4])
        {
            foreach (int rows in (int[])[2, 3, 8, 13])
                Assert.Equal(Pack(kernels, kind, rows, 1), Pack(kernels, kind, rows, 5));
        }
    }

    private static byte[] Pack(KernelTable kernels, WeightKind kind, int rows, int threads)
    {
        using var pool = new WorkerPool(threads);
        using var buffer = new NativeBuffer(rows * MatrixInput.MaxRowBytes(Depth));
        var bytes = new Span<byte>(buffer.Data, checked((int)buffer.ByteLength));
        bytes.Clear();
        fixed (float* source = KernelCases.Random(rows * Depth, rows))
            pool.Execute(new Program(new MatrixInput(kernels, pool), new PackedMatrix(0, kind, 1, Depth), source, rows, buffer.Data));
        return bytes.ToArray();
    }

    private sealed class Program(MatrixInput input, PackedMatrix matrix, float* source, int rows, byte* target) : IPoolProgram
    {
        public void Execute() => input.Pack(matrix, source, Depth, rows, target);
    }
}
