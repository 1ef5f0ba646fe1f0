namespace CoLlm.Protocol;

/// <summary>
/// The rolling hash by which router and expert notice that their prefixes differ. Every step is a bijection of the state, so
/// prefixes that differ in one token never meet again on equal suffixes. <c>protos/README.md</c> defines it for other languages.
/// </summary>
/// <param name="Value">The hash of the tokens so far, as it goes over the wire.</param>
public readonly record struct PrefixHash(ulong Value)
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>The hash of no tokens.</summary>
    public static PrefixHash Empty { get; } = new(0x436F4C4C4D000001);

    public static PrefixHash Of(ReadOnlySpan<int> tokenIds) => Empty.Append(tokenIds);

    /// <summary>The hash after one more token: <c>h = (h ^ token) * 0x9E3779B97F4A7C15; h ^= h >> 32</c>, modulo 2^64.</summary>
    public PrefixHash Append(int tokenId)
    {
        ulong mixed = (Value ^ (uint)tokenId) * Multiplier;
        return new PrefixHash(mixed ^ (mixed >> 32));
    }

    public PrefixHash Append(ReadOnlySpan<int> tokenIds)
    {
        PrefixHash hash = this;
        foreach (int tokenId in tokenIds)
            hash = hash.Append(tokenId);
        return hash;
    }

    public override string ToString() => Value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}
