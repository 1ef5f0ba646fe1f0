using System.Text;
using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>
/// The pre-tokenizer patterns that published byte-level tokenizers use, scanned by hand: the same words as the regular
/// expressions they replace, in time linear in the text. They match at every position, so nothing lies between matches.
/// </summary>
internal abstract class WordPattern : ITextPattern
{
    public abstract string Signature { get; }

    public bool TryFind(ReadOnlySpan<char> text, int from, RegexMemory? memory, out int start, out int length)
    {
        start = from;
        length = from < text.Length ? Match(text[from..]) : 0;
        return length > 0;
    }

    /// <summary>The length in UTF-16 units of the word that <paramref name="text"/> (not empty) begins with; at least 1.</summary>
    protected abstract int Match(ReadOnlySpan<char> text);

    protected static Rune RuneAt(ReadOnlySpan<char> text, int position, out int units)
    {
        if (text[position] < 0x80)
        {
            units = 1;
            return new Rune(text[position]);
        }

        Rune.DecodeFromUtf16(text[position..], out Rune rune, out units);
        return rune;
    }

    protected static bool IsLetterAt(ReadOnlySpan<char> text, int position) =>
        position < text.Length && CharacterClass.IsLetter(RuneAt(text, position, out _));

    /// <summary>Where a run of <c>\p{L}</c> that begins at <paramref name="position"/> ends.</summary>
    protected static int EndOfLetters(ReadOnlySpan<char> text, int position)
    {
        while (position < text.Length && CharacterClass.IsLetter(RuneAt(text, position, out int units)))
            position += units;
        return position;
    }

    /// <summary>Where a run of at most <paramref name="most"/> characters <c>\p{N}</c> ends.</summary>
    protected static int EndOfNumbers(ReadOnlySpan<char> text, int position, int most)
    {
        for (int count = 0; count < most && position < text.Length && CharacterClass.IsNumber(RuneAt(text, position, out int units)); count++)
            position += units;
        return position;
    }

    /// <summary>Where a run of characters that are neither space nor letter nor number ends.</summary>
    protected static int EndOfSymbols(ReadOnlySpan<char> text, int position)
    {
        while (position < text.Length)
        {
            Rune rune = RuneAt(text, position, out int units);
            if (CharacterClass.IsSpace(rune) || CharacterClass.IsLetter(rune) || CharacterClass.IsNumber(rune))
                break;
            position += units;
        }

        return position;
    }

    /// <summary>
    /// Length of <c>\s+(?!\S)|\s+</c> at the start of <paramref name="text"/>: a run of spaces without its last one, unless that
    /// ends the text or is alone. (Every white space is one UTF-16 unit.)
    /// </summary>
    protected static int MatchSpaces(ReadOnlySpan<char> text)
    {
        int end = EndOfSpaces(text);
        return end == text.Length || end == 1 ? end : end - 1;
    }

    protected static int EndOfSpaces(ReadOnlySpan<char> text)
    {
        int end = 0;
        while (end < text.Length && char.IsWhiteSpace(text[end]))
            end++;
        return end;
    }

    /// <summary>Length of a contraction (<c>'s 't 're 've 'm 'll 'd</c>) at the start, or 0.</summary>
    protected static int MatchContraction(ReadOnlySpan<char> text, bool ignoreCase)
    {
        if (text.Length < 2 || text[0] != '\'')
            return 0;
        char first = Fold(text[1], ignoreCase);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        if (text.Length < 3)
            return 0;
        char second = Fold(text[2], ignoreCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    // U+017F (long s) folds to s as well.
    private static char Fold(char character, bool ignoreCase) =>
        !ignoreCase ? character : character == '\u017F' ? 's' : char.IsAsciiLetterUpper(character) ? (char)(character | 0x20) : character;
}
