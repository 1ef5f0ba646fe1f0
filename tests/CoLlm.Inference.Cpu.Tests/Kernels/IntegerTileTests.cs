using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Tests.Kernels;

/// <summary>Integer tiles equal exact integer dots and one fused multiply-add per group, bit for bit, on every code path.</summary>
public sealed unsafe class IntegerTileTests
{
    private const int Groups = 3;
    private const int Depth = (Groups * 32) - 5;

    public static TheoryData<int> InstructionSets => KernelCases.InstructionSets;

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Run_Int8_EqualsNaiveGroups(int instructionSet) => Check(KernelCases.Table(instructionSet), WeightKind.Int8, 127);

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Run_Int4_EqualsNaiveGroups(int instructionSet) => Check(KernelCases.Table(instructionSet), WeightKind.Int4, 7);

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Run_LargestMagnitudes_DoNotOverflow(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        foreach (WeightKind kind in (WeightKind[])[WeightKind.Int8, WeightKind.Int4])
        {
            float[] weights = [.. Enumerable.Repeat(kind == WeightKind.Int4 ? -8f * MathF.ScaleB(1f, -3) : 127f, 32 * 32)];
            byte[] panel = KernelCases.PackGroups(weights, kind);
            float expected = 32f * weights[0] * -127f;
            for (int rows = 1; rows <= kernels.Integer(kind).MaxRows; rows++)
            {
                float[] input = [.. Enumerable.Repeat(-127f, rows * 32)];
                Assert.All(Multiply(kernels, kind, panel, input, rows, 1, 32), value => Assert.Equal(expected, value, Math.Abs(expected) * 0.01f));
            }
        }
    }

    [Theory]
    [InlineData((int)WeightKind.Int8)]
    [InlineData((int)WeightKind.Int4)]
    public void Run_NotANumber_ReachesTheResultsOfItsRowAlone(int weightKind)
    {
        var kind = (WeightKind)weightKind;
        KernelTable kernels = KernelTable.For(KernelTable.Best);
        byte[] panel = KernelCases.PackGroups(KernelCases.Random(32 * 32, 3), kind);
        for (int rows = 1; rows <= kernels.Integer(kind).MaxRows; rows++)
        {
            foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                float[] input = KernelCases.Random(rows * 32, 4);
                input[^15] = bad;
                float[] output = Multiply(kernels, kind, panel, input, rows, 1, 32);
                Assert.All(output[..^32], value => Assert.True(float.IsFinite(value)));
                Assert.All(output[^32..], value => Assert.False(float.IsFinite(value)));
            }
        }
    }

    private static void Check(KernelTable kernels, WeightKind kind, int largest)
    {
        float[] weights = KernelCases.Random(32 * 32 * Groups, 11);
        byte[] panel = KernelCases.PackGroups(weights, kind);
        for (int rows = 1; rows <= kernels.Integer(kind).MaxRows; rows++)
        {
            float[] input = KernelCases.Random(rows * Depth, rows);
            float[] actual = Multiply(kernels, kind, panel, input, rows, Groups, Depth);
            for (int r = 0; r < rows; r++)
            {
                for (int n = 0; n < 32; n++)
                    Assert.Equal(Naive(panel, kind, input.AsSpan(r * Depth, Depth), n, largest), actual[(r * 32) + n]);
            }
        }
    }

    private static float Naive(byte[] panel, WeightKind kind, ReadOnlySpan<float> input, int column, int largest)
    {
        float sum = 0f;
        for (int g = 0; g < Groups; g++)
        {
            int start = g * kind.UnitBytes();
            float weightScale = kind == WeightKind.Int8
                ? BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(panel, start + (column % 16 * 4) + (column / 16 * 2)) << 16)
                : SmallScale(panel[start + column]);
            ReadOnlySpan<float> group = input[(g * 32)..Math.Min(input.Length, (g + 1) * 32)];
            float most = 0f;
            foreach (float x in group)
                most = Math.Max(most, Math.Abs(x));
            float scale = most / 127f;
            int dot = 0;
            for (int k = 0; k < group.Length; k++)
            {
                int x = (int)MathF.Round(MathF.FusedMultiplyAdd(group[k], 1f / scale, 0f));
                dot += x * Weight(panel, kind, start, k, column, largest);
            }
            sum = MathF.FusedMultiplyAdd(dot, weightScale * scale, sum);
        }
        return sum;
    }

    /// <summary>A sign, three bits of exponent and four of mantissa.</summary>
    private static float SmallScale(int code) =>
        (code < 128 ? 1f : -1f) * MathF.ScaleB(1f + (code % 16 / 16f), (code % 128 / 16) - 7);

    private static int Weight(byte[] panel, WeightKind kind, int start, int k, int column, int largest)
    {
        int place = start + (kind == WeightKind.Int8 ? 64 : 32) + (column / 16 * 64) + (column % 16 * 4) + (k % 4);
        int value = kind == WeightKind.Int8
            ? panel[place + (k / 4 * 128)] - 128
            : ((panel[place + (k % 16 / 4 * 128)] >> (k / 16 * 4)) & 15) - 8;
        Assert.InRange(value, -largest - 1, largest);
        return value;
    }

    private static float[] Multiply(KernelTable kernels, WeightKind kind, byte[] panel, float[] input, int rows, int groups, int depth)
    {
        int[] packed = new int[groups * kernels.Integer(kind).GroupInts(rows)];
        float[] output = new float[rows * 32];
        fixed (byte* weights = panel)
        fixed (float* x = input, y = output)
        fixed (int* p = packed)
        {
            for (int r = 0; r < rows; r++)
            {
                kernels.Integer(kind).Quantize(x + (r * depth), depth, p, r, rows);
            }
            kernels.Integer(kind).Tiles[rows](weights, p, groups, y, 32, false);
        }
        return output;
    }
}
