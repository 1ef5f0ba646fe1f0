using System.Runtime.Intrinsics;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Tests.Kernels;

/// <summary>Row kernels against naive twins.</summary>
public sealed unsafe class RowKernelTests
{
    public static TheoryData<int> InstructionSets => KernelCases.InstructionSets;

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void RmsNorm_AnyLength_EqualsSixteenPartialSums(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        foreach (int length in (int[])[1, 8, 15, 16, 17, 24, 63, 80, 200])
        {
            float[] input = KernelCases.Random(length, length);
            float[] weight = KernelCases.Random(length, length + 1);
            float[] actual = new float[length];
            fixed (float* x = input, w = weight, y = actual)
                kernels.RmsNorm(x, w, y, length, 1e-5f);

            float[] sums = new float[16];
            for (int i = 0; i < length; i++)
                sums[i % 16] = MathF.FusedMultiplyAdd(input[i], input[i], sums[i % 16]);
            for (int step = 8; step > 0; step /= 2)
            {
                for (int i = 0; i < step; i++)
                    sums[i] += sums[i + step];
            }
            float scale = 1f / MathF.Sqrt((sums[0] / length) + 1e-5f);
            Assert.Equal(input.Zip(weight, (x, w) => w * (x * scale)), actual);
        }
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void GatedPanel_AnyValues_IsSiluTimesUp(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        float[] gate = [.. KernelCases.Random(28, 5, 20f), 0f, 100f, -100f, -1000f];
        float[] up = KernelCases.Random(32, 6);
        float[] actual = new float[32];
        fixed (float* g = gate, u = up, y = actual)
            kernels.GatedPanel(g, u, y);
        for (int i = 0; i < 32; i++)
        {
            double expected = gate[i] / (1 + Math.Exp(-(double)gate[i])) * up[i];
            Assert.Equal(expected, actual[i], 1e-6 * (1 + Math.Abs(expected)));
        }
    }

    [Fact]
    public void Exponential_WholeRange_IsWithinTwoUnitsAndTheSameOnEveryWidth()
    {
        for (float x = -87f; x < 88f; x += 0.0137f)
        {
            float wide = Exponential.Compute<PortableSimd, Vector128<float>, Vector128<int>>(Vector128.Create(x))[0];
            double expected = Math.Exp(x);
            Assert.True(Math.Abs(wide - expected) <= 2.4e-7 * expected, $"e^{x} = {wide} instead of {expected}");
            if (KernelTable.Best >= InstructionSet.Avx512)
                Assert.Equal(wide, Exponential.Compute<Avx512Simd, Vector512<float>, Vector512<int>>(Vector512.Create(x))[3]);
        }
    }

    [Fact]
    public void Exponential_Extremes_AreZeroOneAndNaN()
    {
        float[] results = [.. ((float[])[float.NegativeInfinity, -200f, 0f, float.NaN]).Select(x =>
            Exponential.Compute<PortableSimd, Vector128<float>, Vector128<int>>(Vector128.Create(x))[0])];
        Assert.Equal([0f, 0f, 1f, float.NaN], results);
    }

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Softmax_MaskedRange_GivesExactZerosOutsideAndTheSumInside(int instructionSet)
    {
        KernelTable kernels = KernelCases.Table(instructionSet);
        float[] scores = KernelCases.Random(64, 8, 5f);
        scores[3] = float.NaN; // a position outside may hold anything
        float[] weights = [.. scores];
        float[] most = [0f];
        float sum;
        fixed (float* s = weights, largestPlace = most)
            sum = kernels.Softmax(s, 0, 64, 5, 41, 0.5f, largestPlace);
        float largest = most[0];
        Assert.Equal(scores[5..42].Max() * 0.5f, largest);
        Assert.All(weights[..5].Concat(weights[42..]), value => Assert.Equal(0f, value));
        double expected = scores[5..42].Sum(x => Math.Exp((x * 0.5) - largest));
        Assert.Equal(expected, sum, 1e-5);
    }
}
