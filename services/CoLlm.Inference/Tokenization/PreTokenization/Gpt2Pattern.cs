namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>GPT-2's words: contractions, an optional space with letters, numbers or symbols, and runs of spaces.</summary>
internal sealed class Gpt2Pattern : WordPattern
{
    public const string Expression = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override string Signature => "gpt2";

    protected override int Match(ReadOnlySpan<char> text)
    {
        int contraction = MatchContraction(text, ignoreCase: false);
        if (contraction > 0)
            return contraction;
        int start = text[0] == ' ' ? 1 : 0;
        int end = EndOfLetters(text, start);
        if (end == start)
            end = EndOfNumbers(text, start, int.MaxValue);
        if (end == start)
            end = EndOfSymbols(text, start);
        return end > start ? end : MatchSpaces(text);
    }
}
