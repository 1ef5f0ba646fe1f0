using CoLlm.Inference.Cpu.Tests.Kernels;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Tests.Weights;

/// <summary>Four bits with small scales: close to the weights at every magnitude, and never worse for the coarser scale than a step.</summary>
public sealed unsafe class Int4QuantizerTests
{
    private const int Columns = 32;
    private const int Depth = 32;

    [Theory]
    [InlineData(1f)]
    [InlineData(1e-12f)]
    [InlineData(3e20f)]
    public void Pack_ColumnsOfAllMagnitudes_KeepsNineTenthsOfEach(float magnitude)
    {
        float[] weights = KernelCases.Random(Columns * Depth, 5, magnitude);
        for (int column = 0; column < Columns; column++)
        {
            for (int k = 0; k < Depth; k++)
                weights[(column * Depth) + k] *= MathF.ScaleB(1f, -column / 2);
        }
        float[] restored = Restore(weights);
        for (int column = 0; column < Columns; column++)
            Assert.InRange(RelativeError(weights, restored, column, Depth), 0, 0.1);
    }

    [Fact]
    public void Pack_GroupFarBelowItsColumn_LosesAtMostHalfTheSmallestStep()
    {
        float[] weights = KernelCases.Random(Columns * Depth, 6, 1e-3f);
        weights[0] = 8f;
        float[] columnScales = [.. Enumerable.Repeat(Int4Quantizer.ColumnScale(8f), Columns)];
        weights[0] = 0f;
        float[] restored = Restore(weights, columnScales);
        float smallestStep = MathF.ScaleB(columnScales[0], -7);
        Assert.All(weights.Zip(restored), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0f, smallestStep / 2));
    }

    [Fact]
    public void Pack_Zeros_StayZeros() => Assert.All(Restore(new float[Columns * Depth]), value => Assert.Equal(0f, value));

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(1e-35f, 0f)]
    [InlineData(8f, 1f)]
    [InlineData(15.4f, 1f)]
    [InlineData(15.6f, 2f)]
    [InlineData(3e38f, 2.1267648e37f)]
    [InlineData(3.39e38f, 4.2535296e37f)]
    public void ColumnScale_AnyMagnitude_IsThePowerOfTwoUnderTheNextStep(float largest, float expected) =>
        Assert.Equal(expected, Int4Quantizer.ColumnScale(largest));

    [Fact]
    public void Pack_OneLargePositiveWeight_UsesTheSixteenthValueForIt()
    {
        float[] weights = new float[Columns * Depth];
        for (int column = 0; column < Columns; column++)
        {
            weights[column * Depth] = 8f;
            weights[(column * Depth) + 1] = -7f;
        }
        Assert.Equal(weights, Restore(weights));
    }

    private static double RelativeError(float[] weights, float[] restored, int column, int depth)
    {
        double error = 0, size = 0;
        for (int k = column * depth; k < (column + 1) * depth; k++)
        {
            error += Math.Pow((double)weights[k] - restored[k], 2);
            size += Math.Pow(weights[k], 2);
        }
        return Math.Sqrt(error / size);
    }

    private static float[] Restore(float[] weights) =>
        Restore(weights, [.. Enumerable.Range(0, Columns).Select(column => Int4Quantizer.ColumnScale(weights[(column * Depth)..((column + 1) * Depth)].Max(Math.Abs)))]);

    /// <summary>Packs and unpacks one group. <c>[columns, depth]</c></summary>
    private static float[] Restore(float[] weights, float[] columnScales)
    {
        byte[] packed = new byte[WeightKind.Int4.UnitBytes()];
        fixed (float* source = weights, scales = columnScales)
        fixed (byte* target = packed)
            Int4Quantizer.Pack(source, scales, target);
        float[] restored = new float[weights.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            int column = i / Depth;
            int k = i % Depth;
            int code = packed[column];
            float scale = (code < 128 ? 1f : -1f) * MathF.ScaleB(1f + (code % 16 / 16f), (code % 128 / 16) - 7) * columnScales[column];
            int pair = packed[32 + (k % 16 / 4 * 128) + (column / 16 * 64) + (column % 16 * 4) + (k % 4)];
            restored[i] = (((pair >> (k / 16 * 4)) & 15) - 8) * scale;
        }
        return restored;
    }
}
