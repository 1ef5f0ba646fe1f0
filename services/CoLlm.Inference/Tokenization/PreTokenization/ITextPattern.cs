namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>A pattern whose matches a <see cref="SplitPreTokenizer"/> cuts text at.</summary>
internal interface ITextPattern
{
    /// <summary>Finds the first match that begins at or after <paramref name="from"/>; empty matches do not count.</summary>
    bool TryFind(ReadOnlySpan<char> text, int from, out int start, out int length);

    string Signature { get; }
}
