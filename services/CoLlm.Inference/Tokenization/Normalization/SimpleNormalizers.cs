namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>Puts a fixed string before text that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : ITextNormalizer
{
    public string Signature => $"prepend({prefix})";

    public string Normalize(string text, bool opensText) => text.Length == 0 ? text : prefix + text;
}

/// <summary>Replaces every occurrence of a fixed string.</summary>
internal sealed class ReplaceNormalizer(string pattern, string replacement) : ITextNormalizer
{
    public string Signature => $"replace({pattern},{replacement})";

    public string Normalize(string text, bool opensText) => text.Replace(pattern, replacement, StringComparison.Ordinal);
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : ITextNormalizer
{
    public string Signature => $"strip({left},{right})";

    public string Normalize(string text, bool opensText)
    {
        string kept = left ? text.TrimStart() : text;
        return right ? kept.TrimEnd() : kept;
    }
}

/// <summary>Canonical composition (Unicode NFC).</summary>
internal sealed class NfcNormalizer : ITextNormalizer
{
    public string Signature => "nfc";

    public string Normalize(string text, bool opensText) => CanonicalComposition.Compose(text);
}

/// <summary>Several normalisers, one after another.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<ITextNormalizer> normalizers) : ITextNormalizer
{
    public string Signature => string.Join(';', normalizers.Select(normalizer => normalizer.Signature));

    public string Normalize(string text, bool opensText)
    {
        foreach (ITextNormalizer normalizer in normalizers)
            text = normalizer.Normalize(text, opensText);
        return text;
    }
}
