using System.Globalization;
using System.Text;

namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>Reads the tokens inside tags.</summary>
internal sealed class ExpressionLexer(string source, List<TemplateToken> tokens)
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly Stack<char> _brackets = new();

    /// <summary>Inside brackets an end of tag is only two braces.</summary>
    public bool IsInsideBrackets => _brackets.Count > 0;

    /// <summary>Reads the token at <paramref name="at"/>, where there is no white space; returns the position after it.</summary>
    public int Read(int at, int line)
    {
        char first = source[at];
        if (first is '\'' or '"')
            return ReadString(at, line);
        if (char.IsAsciiDigit(first))
            return ReadNumber(at, line);
        if (first == '_' || char.IsLetter(first))
            return ReadName(at, line);
        foreach (string symbol in Operators)
        {
            if (string.CompareOrdinal(source, at, symbol, 0, symbol.Length) == 0)
            {
                Balance(symbol[0], line);
                tokens.Add(new TemplateToken(TokenType.Operator, symbol, line));
                return at + symbol.Length;
            }
        }

        throw new TemplateSyntaxFault($"the character '{first}' is not expected in a tag", line);
    }

    private void Balance(char symbol, int line)
    {
        if (symbol is '(' or '[' or '{')
            _brackets.Push(symbol);
        else if (symbol is (')' or ']' or '}') && (!_brackets.TryPop(out char open) || (open, symbol) is not (('(', ')') or ('[', ']') or ('{', '}'))))
            throw new TemplateSyntaxFault($"'{symbol}' closes nothing that is open", line);
    }

    private int ReadName(int at, int line)
    {
        int end = at;
        while (end < source.Length && (source[end] == '_' || char.IsLetterOrDigit(source[end])))
            end++;
        tokens.Add(new TemplateToken(TokenType.Name, source[at..end], line));
        return end;
    }

    private int ReadNumber(int at, int line)
    {
        if (source[at] == '0' && at + 2 < source.Length && (source[at + 1] | 0x20) is 'x' or 'o' or 'b')
            return ReadOtherBase(at, line);
        int end = EndOfDigits(at);
        TokenType type = TokenType.Integer;
        if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
        {
            type = TokenType.Float;
            end = EndOfDigits(end + 1);
        }

        if (end < source.Length && (source[end] is 'e' or 'E'))
        {
            int exponent = end + 1 < source.Length && (source[end + 1] is '+' or '-') ? end + 2 : end + 1;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                type = TokenType.Float;
                end = EndOfDigits(exponent);
            }
        }

        tokens.Add(new TemplateToken(type, source[at..end].Replace("_", string.Empty, StringComparison.Ordinal), line));
        return end;
    }

    private int ReadOtherBase(int at, int line)
    {
        int end = at + 2;
        while (end < source.Length && (char.IsAsciiHexDigit(source[end]) || source[end] == '_'))
            end++;
        int numberBase = (source[at + 1] | 0x20) switch { 'x' => 16, 'o' => 8, _ => 2 };
        if (Values.IntegerText.Read(source[(at + 2)..end].Replace("_", string.Empty, StringComparison.Ordinal), numberBase) is not long number)
            throw new TemplateSyntaxFault("a number is malformed or too large", line);
        tokens.Add(new TemplateToken(TokenType.Integer, number.ToString(CultureInfo.InvariantCulture), line));
        return end;
    }

    private int EndOfDigits(int at)
    {
        while (at < source.Length && (char.IsAsciiDigit(source[at]) || source[at] == '_'))
            at++;
        return at;
    }

    private int ReadString(int at, int line)
    {
        char quote = source[at];
        var text = new StringBuilder();
        int position = at + 1;
        while (position < source.Length && source[position] != quote)
        {
            if (source[position] == '\\' && position + 1 < source.Length)
                position = ReadEscape(position, text, line);
            else
                text.Append(source[position++]);
        }

        if (position >= source.Length)
            throw new TemplateSyntaxFault("a string is not closed", line);
        tokens.Add(new TemplateToken(TokenType.String, text.ToString(), line));
        return position + 1;
    }

    /// <summary>Python's escapes; an unknown one keeps its backslash.</summary>
    private int ReadEscape(int at, StringBuilder text, int line)
    {
        char kind = source[at + 1];
        int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (at + 2 + digits > source.Length
                || !int.TryParse(source.AsSpan(at + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int point)
                || point is < 0 or > 0x10FFFF)
            {
                throw new TemplateSyntaxFault($"a string holds a malformed \\{kind} escape", line);
            }

            text.Append(point is >= 0xD800 and <= 0xDFFF ? "\uFFFD" : char.ConvertFromUtf32(point));
            return at + 2 + digits;
        }

        if (kind is >= '0' and <= '7')
        {
            int end = at + 1;
            int value = 0;
            while (end < source.Length && end < at + 4 && source[end] is >= '0' and <= '7')
                value = (value * 8) + (source[end++] - '0');
            text.Append((char)value);
            return end;
        }

        int index = "\n\\'\"abfnrtv".IndexOf(kind, StringComparison.Ordinal);
        if (index < 0)
            text.Append('\\').Append(kind);
        else if (index > 0)
            text.Append("\\'\"\a\b\f\n\r\t\v"[index - 1]);
        return at + 2;
    }
}
