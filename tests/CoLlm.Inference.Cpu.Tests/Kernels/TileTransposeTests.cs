using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Tests.Kernels;

/// <summary>Rows come to lie side by side, and nothing else is touched.</summary>
public sealed unsafe class TileTransposeTests
{
    private const int Padding = 5;
    private const float Untouched = -7.25f;

    public static TheoryData<int> Depths => [1, 3, 4, 16, 63, 64, 65, 130];

    [Theory]
    [MemberData(nameof(Depths))]
    public void Run_AnyRows_PutsEveryValueInItsPlace(int depth)
    {
        for (int rows = 1; rows <= 12; rows++)
        {
            int stride = depth + Padding;
            float[] source = KernelCases.Random(rows * stride, depth);
            float[] target = [.. Enumerable.Repeat(Untouched, (rows * depth) + Padding)];
            fixed (float* from = source, to = target)
                TileTranspose.Run(from, stride, to, rows, depth);
            float[] expected = [.. Enumerable.Range(0, rows * depth).Select(i => source[(i % rows * stride) + (i / rows)])];
            Assert.Equal([.. expected, .. Enumerable.Repeat(Untouched, Padding)], target);
        }
    }
}
