namespace CoLlm.Inference.Sampling;

/// <summary>
/// Random numbers that are a function of seed, position and stream alone (SplitMix64 read at an index), so that a draw depends
/// neither on who shares the batch nor on how often a position is computed again.
/// </summary>
public static class CounterRandom
{
    /// <summary>Stream that tokens are drawn with.</summary>
    public const uint TokenStream = 0;

    /// <summary>Stream of random deferral.</summary>
    public const uint DeferralStream = 1;

    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>64 uniform bits: <c>mix(mix(seed + stream * golden) + (position + 1) * golden)</c>.</summary>
    public static ulong Bits(ulong seed, int position, uint stream = TokenStream) =>
        Mix(Mix(seed + stream * Golden) + ((ulong)position + 1) * Golden);

    /// <summary>A uniform number in [0, 1) with 53 random bits.</summary>
    public static double Uniform(ulong seed, int position, uint stream = TokenStream) =>
        (Bits(seed, position, stream) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
