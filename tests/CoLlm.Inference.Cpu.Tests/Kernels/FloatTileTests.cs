using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Tests.Kernels;

/// <summary>Float tiles equal one fused multiply-add after another, bit for bit, on every code path.</summary>
public sealed unsafe class FloatTileTests
{
    public static TheoryData<int> InstructionSets => KernelCases.InstructionSets;

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Run_Float32_EqualsSequentialMultiplyAdds(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        Check(kernels, kernels.Float32Tiles, 128, (bytes, k, n) => BitConverter.ToSingle(bytes, (k * 128) + (n * 4)));
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Run_BFloat16_EqualsSequentialMultiplyAdds(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        Check(kernels, kernels.BFloat16Tiles, 64, (bytes, k, n) =>
            BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, HalfOffset(k, n)) << 16));
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Run_Float16WithSubnormals_EqualsSequentialMultiplyAdds(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        Check(kernels, kernels.Float16Tiles, 64, (bytes, k, n) => (float)BitConverter.ToHalf(bytes, HalfOffset(k, n)));
    }

    private static int HalfOffset(int k, int n) => (k * 64) + (n % 16 * 4) + (n / 16 * 2);

    private static void Check(
        KernelTable kernels,
        delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] tiles,
        int stepBytes,
        Func<byte[], int, int, float> weight)
    {
        const int Stride = 37;
        for (int rows = 1; rows <= kernels.MaxFloatRows; rows++)
        {
            foreach (int depth in (int[])[1, 3, 4, 7, 33])
            {
                byte[] weights = FiniteBytes(stepBytes * depth, stepBytes == 128 ? 4 : 2, (rows * 100) + depth);
                float[] input = KernelCases.Random(depth * rows, depth);
                float[] actual = new float[rows * Stride];
                fixed (byte* low = weights)
                fixed (float* x = input, y = actual)
                {
                    int cut = depth / 2;
                    tiles[rows](low, low + 64, stepBytes, x, cut, y, Stride, false);
                    tiles[rows](low + (cut * stepBytes), low + (cut * stepBytes) + 64, stepBytes, x + (cut * rows), depth - cut, y, Stride, true);
                }
                for (int r = 0; r < rows; r++)
                {
                    for (int n = 0; n < FloatTile.Columns; n++)
                    {
                        float expected = 0f;
                        for (int k = 0; k < depth; k++)
                            expected = MathF.FusedMultiplyAdd(weight(weights, k, n), input[(k * rows) + r], expected);
                        Assert.Equal(expected, actual[(r * Stride) + n]);
                    }
                }
            }
        }
    }

    /// <summary>Random bytes that are finite numbers as floats, bfloat16 and half precision, subnormals included.</summary>
    private static byte[] FiniteBytes(int count, int elementSize, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        for (int i = elementSize - 1; i < count; i += elementSize)
            bytes[i] = (byte)((bytes[i] & 0x83) | (bytes[i] % 5 == 0 ? 0 : 0x38));
        return bytes;
    }
}
