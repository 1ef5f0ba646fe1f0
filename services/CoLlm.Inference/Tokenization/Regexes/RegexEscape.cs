namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>Reads what follows a backslash and means characters, inside and outside brackets alike.</summary>
internal static class RegexEscape
{
    /// <summary>The set that an escape stands for; the backslash is read already.</summary>
    /// <param name="source">Stands after the backslash.</param>
    /// <param name="codePoint">The single character it stands for; -1 if it stands for a class.</param>
    public static CodePointSet Read(RegexSource source, out int codePoint)
    {
        int letter = source.Read("a backslash without a character after it");
        codePoint = -1;
        switch (letter)
        {
            case 'd':
                return NamedSets.DecimalDigits;
            case 'D':
                return NamedSets.DecimalDigits.Negated();
            case 's':
                return NamedSets.Spaces;
            case 'S':
                return NamedSets.Spaces.Negated();
            case 'w':
                return NamedSets.Words;
            case 'W':
                return NamedSets.Words.Negated();
            case 'h':
                return NamedSets.HexadecimalDigits;
            case 'H':
                return NamedSets.HexadecimalDigits.Negated();
            case 'p' or 'P':
                return ReadProperty(source, isNegated: letter == 'P');
            default:
                codePoint = ReadCharacter(source, letter);
                return CodePointSet.Of(codePoint);
        }
    }

    private static CodePointSet ReadProperty(RegexSource source, bool isNegated)
    {
        if (!source.TryRead("{"))
            throw source.Fault("\\p without a name in braces");
        isNegated ^= source.TryRead("^");
        string name = source.ReadUntil('}', "\\p{ without its }");
        CodePointSet set = NamedSets.Property(name) ?? throw source.Fault($"the property \\p{{{name}}}, which is not known here");
        return isNegated ? set.Negated() : set;
    }

    private static int ReadCharacter(RegexSource source, int letter) => letter switch
    {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\f',
        'v' => '\v',
        'a' => '\a',
        'e' => 0x1B,
        'x' => ReadHexadecimal(source),
        'u' => Scalar(source, source.ReadDigits(16, 4), source.Position),
        '0' => Math.Max(0, source.ReadDigits(8, 2)),
        (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or (>= '1' and <= '9') =>
            throw source.Fault($"the escape \\{(char)letter}, which is not supported"),
        _ => letter,
    };

    private static int ReadHexadecimal(RegexSource source)
    {
        if (source.TryRead("{"))
        {
            int value = source.ReadDigits(16, 6);
            return source.TryRead("}") ? Scalar(source, value, source.Position) : throw source.Fault("\\x{ without a code point and }");
        }

        // Above 0x7F two digits would mean one byte of a character.
        int small = source.ReadDigits(16, 2);
        return small is >= 0 and < 0x80 ? small : throw source.Fault("\\x that is no character of ASCII");
    }

    private static int Scalar(RegexSource source, int value, int position) =>
        value is >= 0 and < 0xD800 or >= 0xE000 and < CodePointSet.End
            ? value
            : throw new RegexFault($"holds an escape that is no code point before character {position + 1}");
}
