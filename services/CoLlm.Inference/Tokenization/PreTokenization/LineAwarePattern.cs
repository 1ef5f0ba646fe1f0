using System.Text;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>
/// The words of Llama 3 and Qwen: contractions in any case, letters with one character before them, numbers in groups of at
/// most <paramref name="maxNumbers"/>, symbols with the line ends after them, and runs of spaces cut after their last line end.
/// </summary>
internal sealed class LineAwarePattern(int maxNumbers) : WordPattern
{
    private const string Before = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string After = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Llama 3's expression.</summary>
    public const string GroupsOfThree = Before + @"\p{N}{1,3}" + After;

    /// <summary>Qwen's expression.</summary>
    public const string SingleNumbers = Before + @"\p{N}" + After;

    public override string Signature => $"line-aware({maxNumbers})";

    protected override int Match(ReadOnlySpan<char> text)
    {
        int contraction = MatchContraction(text, ignoreCase: true);
        if (contraction > 0)
            return contraction;
        int letters = MatchLetters(text);
        if (letters > 0)
            return letters;
        int numbers = EndOfNumbers(text, 0, maxNumbers);
        if (numbers > 0)
            return numbers;
        int start = text[0] == ' ' ? 1 : 0;
        int end = EndOfSymbols(text, start);
        if (end > start)
            return EndOfLineEnds(text, end);
        return MatchLines(text);
    }

    private static int MatchLetters(ReadOnlySpan<char> text)
    {
        Rune first = RuneAt(text, 0, out int units);
        if (CharacterClass.IsLetter(first))
            return EndOfLetters(text, units);
        bool mayPrecede = first.Value is not ('\r' or '\n') && !CharacterClass.IsNumber(first);
        return mayPrecede && IsLetterAt(text, units) ? EndOfLetters(text, units) : 0;
    }

    private static int EndOfLineEnds(ReadOnlySpan<char> text, int position)
    {
        while (position < text.Length && (text[position] is '\r' or '\n'))
            position++;
        return position;
    }

    private static int MatchLines(ReadOnlySpan<char> text)
    {
        int lastLineEnd = text[..EndOfSpaces(text)].LastIndexOfAny('\r', '\n');
        return lastLineEnd >= 0 ? lastLineEnd + 1 : MatchSpaces(text);
    }
}
