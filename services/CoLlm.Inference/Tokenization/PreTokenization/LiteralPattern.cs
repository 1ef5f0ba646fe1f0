using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Matches one fixed, non-empty string.</summary>
internal sealed class LiteralPattern(string literal) : ITextPattern
{
    public string Signature => $"literal({literal})";

    public bool TryFind(ReadOnlySpan<char> text, int from, RegexMemory? memory, out int start, out int length)
    {
        int offset = text[from..].IndexOf(literal, StringComparison.Ordinal);
        (start, length) = (from + offset, literal.Length);
        return offset >= 0;
    }
}
