using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Tests.Kernels;

/// <summary>The code paths that this processor can run, and random numbers for them.</summary>
internal static class KernelCases
{
    /// <summary>Every instruction set up to the best one here; the portable one is always among them.</summary>
    public static TheoryData<int> InstructionSets => [.. Enumerable.Range(0, (int)KernelTable.Best + 1)];

    public static KernelTable Table(int instructionSet) => KernelTable.For((InstructionSet)instructionSet);

    /// <summary>Groups of 32 columns and 32 depth steps, quantised one after another; 4-bit ones relative to a column scale of one.</summary>
    /// <param name="weights"><c>[groups, 32, 32]</c></param>
    /// <param name="kind">An integer kind.</param>
    public static unsafe byte[] PackGroups(float[] weights, WeightKind kind)
    {
        const int GroupWeights = 32 * 32;
        byte[] panel = new byte[weights.Length / GroupWeights * kind.UnitBytes()];
        float[] ones = [.. Enumerable.Repeat(1f, 32)];
        fixed (float* source = weights, columnScales = ones)
        fixed (byte* target = panel)
        {
            for (int g = 0; g < weights.Length / GroupWeights; g++)
            {
                float* group = source + (g * GroupWeights);
                if (kind == WeightKind.Int8)
                    GroupQuantizer.PackInt8(group, target + (g * kind.UnitBytes()));
                else
                    Int4Quantizer.Pack(group, columnScales, target + (g * kind.UnitBytes()));
            }
        }
        return panel;
    }

    public static float[] Random(int count, int seed, float spread = 2f)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (((float)random.NextDouble() * 2f) - 1f) * spread)];
    }
}
