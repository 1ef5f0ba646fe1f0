using System.Globalization;
using System.Numerics;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Formatting;

/// <summary>How one value is to be written: what both of Python's ways of formatting have in common.</summary>
internal sealed record FormatSpec
{
    /// <summary>Most digits after the point.</summary>
    private const int MaxPrecision = 300;

    public string Fill { get; init; } = " ";

    /// <summary><c>&lt;</c>, <c>&gt;</c>, <c>^</c>, <c>=</c> (between sign and digits), or none.</summary>
    public char Align { get; init; }

    /// <summary><c>+</c> or a space before numbers that are not negative; else none.</summary>
    public char Sign { get; init; }

    /// <summary>Writes the base of whole numbers, keeps zeros at the end of others.</summary>
    public bool IsAlternate { get; init; }

    public long Width { get; init; }

    /// <summary>Null where none is given.</summary>
    public long? Precision { get; init; }

    public bool GroupsThousands { get; init; }

    /// <summary>The letter of the type; none where none is given.</summary>
    public char Type { get; init; }

    public string WriteText(RenderContext context, string text)
    {
        if (Precision is { } most && PythonText.CountCodePoints(text) > most)
            text = text[..PythonText.OffsetOf(text, most)];
        return Pad(context, string.Empty, text, Align == '\0' ? '<' : Align);
    }

    /// <param name="context">Counts the work.</param>
    /// <param name="value">A whole number.</param>
    public string WriteInteger(RenderContext context, BigInteger value)
    {
        BigInteger size = BigInteger.Abs(value);
        string digits = Type switch
        {
            'x' or 'X' => Digits(size, 4),
            'o' => Digits(size, 3),
            'b' => Digits(size, 1),
            _ => size.ToString(CultureInfo.InvariantCulture),
        };
        string start = IsAlternate && Type is 'x' or 'X' or 'o' or 'b' && IsAlternate ? $"0{Type}" : string.Empty;
        digits = Type == 'X' ? digits.ToUpperInvariant() : digits;
        return Pad(context, SignOf(value.Sign < 0) + start, GroupsThousands ? Grouped(digits) : digits, Align == '\0' ? '>' : Align);
    }

    public string WriteFloat(RenderContext context, double value)
    {
        bool isNegative = value < 0 || (value == 0 && double.IsNegative(value));
        int precision = (int)Math.Min(Precision ?? 6, MaxPrecision);
        double size = Math.Abs(value);
        string digits = double.IsFinite(size)
            ? char.ToLowerInvariant(Type) switch
            {
                'e' => FloatDigits.Exponential(size, precision),
                'g' => FloatDigits.General(size, precision, IsAlternate),
                '%' => FloatDigits.Fixed(size * 100, precision) + "%",
                _ => FloatDigits.Fixed(size, precision),
            }
            : double.IsNaN(size) ? "nan" : "inf";
        digits = char.IsAsciiLetterUpper(Type) ? digits.ToUpperInvariant() : digits;
        if (GroupsThousands)
            digits = Grouped(digits);
        return Pad(context, SignOf(isNegative), digits, Align == '\0' ? '>' : Align);
    }

    private string SignOf(bool isNegative) => isNegative ? "-" : Sign == '\0' ? string.Empty : Sign.ToString();

    private string Pad(RenderContext context, string sign, string body, char align)
    {
        context.CheckSize(Width);
        context.Work(Width + body.Length);
        long missing = Width - sign.Length - PythonText.CountCodePoints(body);
        if (missing <= 0)
            return sign + body;
        long before = align switch { '<' => 0, '^' => missing / 2, _ => missing };
        string left = Repeated(before);
        string right = Repeated(missing - before);
        return align == '=' ? sign + left + body : left + sign + body + right;
    }

    private string Repeated(long count) => count == 0 ? string.Empty : string.Concat(Enumerable.Repeat(Fill, (int)count));

    private static string Digits(BigInteger size, int bits)
    {
        if (size.IsZero)
            return "0";
        var digits = new Stack<char>();
        for (BigInteger rest = size; !rest.IsZero; rest >>= bits)
            digits.Push("0123456789abcdef"[(int)(rest & ((1 << bits) - 1))]);
        return string.Concat(digits);
    }

    private static string Grouped(string digits)
    {
        int end = digits.IndexOfAny(['.', 'e', '%']);
        end = end < 0 ? digits.Length : end;
        for (int at = end - 3; at > 0; at -= 3)
            digits = digits.Insert(at, ",");
        return digits;
    }
}
