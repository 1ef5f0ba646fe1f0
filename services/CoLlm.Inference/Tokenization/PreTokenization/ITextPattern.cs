using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>A pattern whose matches a <see cref="SplitPreTokenizer"/> cuts text at.</summary>
internal interface ITextPattern
{
    string Signature { get; }

    /// <summary>What searches over one text of <paramref name="length"/> UTF-16 units share; null where they share nothing.</summary>
    RegexMemory? Remember(int length) => null;

    /// <summary>Finds the first match that begins at or after <paramref name="from"/>; it may be empty.</summary>
    bool TryFind(ReadOnlySpan<char> text, int from, RegexMemory? memory, out int start, out int length);
}
