using Xunit;

namespace CoLlm.Testing.Golden;

/// <summary>The absolute tolerances that <c>tests/golden/README.md</c> recommends for single-precision activations.</summary>
public static class GoldenTolerance
{
    public const float Logits = 3e-4f;
    public const float HiddenState = 1.5e-4f;
    public const float LogProbability = 1e-4f;
    public const float DeferralProbability = 5e-5f;
    public const float CachedLogits = 1e-4f;

    /// <summary>Fails, naming the worst entry, unless all entries agree within the tolerance.</summary>
    public static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            float difference = Math.Abs(expected[i] - actual[i]);
            Assert.True(difference <= tolerance, $"{what}, entry {i}: {actual[i]} instead of {expected[i]}, off by {difference}.");
        }
    }
}
