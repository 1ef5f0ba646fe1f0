namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>
/// What <c>(?i)</c> adds to sets. Letters of ASCII only, and the two others that fold to them; beyond, one letter may fold to
/// several, which a set of single characters cannot say, so that is refused.
/// </summary>
internal static class RegexCase
{
    /// <summary>Pairs that also match one ligature (or sharp s) where case is ignored.</summary>
    private static readonly string[] Ligatures = ["ss", "st", "ff", "fi", "fl"];

    private static readonly CodePointSet CasedBeyondAscii =
        NamedSets.Property("LC")!.Except(CodePointSet.Range(0, 0x7F)).Except(CodePointSet.Of('\u017F')).Except(CodePointSet.Of('\u212A'));

    /// <summary>The set with the other case of its letters.</summary>
    public static CodePointSet Fold(CodePointSet set, bool isNegated, RegexSource source)
    {
        CodePointSet beyond = set.Intersect(CasedBeyondAscii);
        if (!beyond.IsEmpty && !(isNegated && CasedBeyondAscii.Except(set).IsEmpty))
            throw source.Fault("letters outside ASCII whose case is to be ignored, which is not supported,");
        for (int lower = 'a'; lower <= 'z'; lower++)
        {
            CodePointSet both = CodePointSet.Of(lower).Union(CodePointSet.Of(lower - 32));
            if (lower is 's' or 'k')
                both = both.Union(CodePointSet.Of(lower == 's' ? '\u017F' : '\u212A'));
            if (!set.Intersect(both).IsEmpty)
                set = set.Union(both);
        }

        return set;
    }

    /// <summary>Refuses two letters in a row that one character would match as well.</summary>
    public static void CheckNeighbours(int previous, int next, RegexSource source)
    {
        if (previous >= 0x80 || next >= 0x80)
            throw source.Fault("a character outside ASCII where case is ignored, which is not supported,");
        if (previous >= 0 && Ligatures.Contains($"{char.ToLowerInvariant((char)previous)}{char.ToLowerInvariant((char)next)}"))
            throw source.Fault("letters that form a ligature where case is ignored, which is not supported,");
    }
}
