using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Tests.Kernels;

/// <summary>The code paths that this processor can run, and random numbers for them.</summary>
internal static class KernelCases
{
    /// <summary>Every instruction set up to the best one here; the portable one is always among them.</summary>
    public static TheoryData<int> InstructionSets => [.. Enumerable.Range(0, (int)KernelTable.Best + 1)];

    public static KernelTable Table(int instructionSet) => KernelTable.For((InstructionSet)instructionSet);

    public static float[] Random(int count, int seed, float spread = 2f)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (((float)random.NextDouble() * 2f) - 1f) * spread)];
    }
}
