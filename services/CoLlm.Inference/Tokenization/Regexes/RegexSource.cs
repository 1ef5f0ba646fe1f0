using System.Text;

namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>A regular expression's text and how far it is read, in whole code points.</summary>
internal sealed class RegexSource(string text)
{
    /// <summary>UTF-16 units read so far.</summary>
    public int Position { get; set; }

    public bool IsAtEnd => Position >= text.Length;

    /// <summary>The code point at the position; -1 at the end.</summary>
    public int Peek() => IsAtEnd ? -1 : Rune.TryGetRuneAt(text, Position, out Rune rune) ? rune.Value : throw Fault("half a surrogate pair");

    public int Read(string missing)
    {
        int codePoint = Peek();
        if (codePoint < 0)
            throw Fault(missing);
        Position += codePoint >= 0x10000 ? 2 : 1;
        return codePoint;
    }

    /// <summary>Reads <paramref name="expected"/> if it comes next.</summary>
    public bool TryRead(string expected)
    {
        bool comes = string.CompareOrdinal(text, Position, expected, 0, expected.Length) == 0;
        Position += comes ? expected.Length : 0;
        return comes;
    }

    /// <summary>Reads up to <paramref name="end"/>, which is read as well.</summary>
    public string ReadUntil(char end, string missing)
    {
        int at = text.IndexOf(end, Position);
        if (at < 0)
            throw Fault(missing);
        string read = text[Position..at];
        Position = at + 1;
        return read;
    }

    /// <summary>Reads decimal digits; null where there are none.</summary>
    public int? ReadNumber()
    {
        int start = Position;
        while (!IsAtEnd && char.IsAsciiDigit(text[Position]))
            Position++;
        if (Position == start)
            return null;
        return int.TryParse(text.AsSpan(start, Position - start), out int number) ? number : throw Fault("a number that is too large");
    }

    /// <summary>Reads at most <paramref name="most"/> digits of a base; -1 where there are none.</summary>
    public int ReadDigits(int numberBase, int most)
    {
        int value = -1;
        for (int count = 0; count < most && !IsAtEnd && DigitOf(text[Position]) < numberBase; count++)
            value = (Math.Max(value, 0) * numberBase) + DigitOf(text[Position++]);
        return value;
    }

    public RegexFault Fault(string what) => new($"holds {what} at character {Position + 1}");

    private static int DigitOf(char digit) => char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : int.MaxValue;
}
