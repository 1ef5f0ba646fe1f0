using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

/// <summary>The counter-based random numbers: fixed values for other implementations, and that they look random.</summary>
public sealed class CounterRandomTests
{
    [Theory]
    [InlineData(0UL, 0, 0u, 0xE220A8397B1DCDAFUL)]
    [InlineData(0UL, 1, 0u, 0x6E789E6AA1B965F4UL)]
    [InlineData(42UL, 7, 0u, 0x272404A0A3926552UL)]
    [InlineData(42UL, 7, 1u, 0xBC16A3D4CC48678EUL)]
    [InlineData(18446744073709551615UL, 2147483647, 0u, 0x769C30B2DB3D7B5FUL)]
    public void Bits_KnownArguments_GiveDocumentedValues(ulong seed, int position, uint stream, ulong expected) =>
        Assert.Equal(expected, CounterRandom.Bits(seed, position, stream));

    [Fact]
    public void Uniform_ManyPositions_FillsTheUnitIntervalEvenly()
    {
        int[] counts = new int[10];
        for (int position = 0; position < 20_000; position++)
            counts[(int)(CounterRandom.Uniform(11, position) * 10)]++;
        Assert.All(counts, count => Assert.InRange(count, 1850, 2150));
    }

    [Fact]
    public void Uniform_NeighbouringSeeds_AreUnrelated()
    {
        double sum = 0;
        for (int position = 0; position < 20_000; position++)
            sum += (CounterRandom.Uniform(1, position) - 0.5) * (CounterRandom.Uniform(2, position) - 0.5);
        Assert.InRange(sum / 20_000 * 12, -0.03, 0.03);
    }
}
