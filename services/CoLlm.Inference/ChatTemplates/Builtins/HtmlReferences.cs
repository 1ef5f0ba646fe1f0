using System.Globalization;
using System.Net;
using System.Text;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>
/// Replaces HTML's character references as browsers do: by number, by the names of HTML 4, and by the older ones of these
/// names without their semicolon.
/// </summary>
internal static class HtmlReferences
{
    /// <summary>What is read as a name, in code points.</summary>
    private const int LongestName = 32;

    /// <summary>What the numbers 0x80 to 0x9F stand for: the characters of Windows' code page 1252, where it has them.</summary>
    private const string Windows1252 =
        "\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F"
        + "\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178";

    private static readonly string[] UpperCaseNames = ["AMP", "LT", "GT", "QUOT", "COPY", "REG"];

    public static string Decode(RenderContext context, string text)
    {
        var output = new StringBuilder(text.Length);
        int position = 0;
        for (int at = text.IndexOf('&'); at >= 0; at = text.IndexOf('&', position))
        {
            context.Work(LongestName);
            output.Append(text, position, at - position);
            position = at + 1;
            output.Append(position < text.Length && text[position] == '#' ? ReadNumber(text, ref position) : ReadName(text, ref position));
        }

        return output.Append(text, position, text.Length - position).ToString();
    }

    private static string ReadNumber(string text, ref int position)
    {
        int start = position + 1;
        bool isHexadecimal = start < text.Length && (text[start] | 0x20) == 'x';
        int first = isHexadecimal ? start + 1 : start;
        int end = first;
        long number = 0;
        while (end < text.Length && (isHexadecimal ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end])))
        {
            number = Math.Min((number * (isHexadecimal ? 16 : 10)) + Convert.ToInt32(text[end].ToString(), 16), Rune.ReplacementChar.Value << 8);
            end++;
        }

        if (end == first)
            return "&";
        position = end < text.Length && text[end] == ';' ? end + 1 : end;
        return CharacterOf(number);
    }

    private static string CharacterOf(long number) => number switch
    {
        >= 0x80 and <= 0x9F => Windows1252[(int)number - 0x80].ToString(),
        0 or (>= 0xD800 and <= 0xDFFF) or > 0x10FFFF => "\uFFFD",
        '\t' or '\n' or '\f' or '\r' => ((char)number).ToString(),
        < ' ' or 0x7F or (>= 0xFDD0 and <= 0xFDEF) => string.Empty,
        _ when (number & 0xFFFE) == 0xFFFE => string.Empty,
        _ => char.ConvertFromUtf32((int)number),
    };

    private static string ReadName(string text, ref int position)
    {
        int end = position;
        for (int count = 0; count < LongestName && end < text.Length && !"\t\n\f <&#;".Contains(text[end]); count++)
            end += char.IsHighSurrogate(text[end]) && end + 1 < text.Length ? 2 : 1;
        string name = text[position..end];
        if (end < text.Length && text[end] == ';' && Find(name) is { } closed)
        {
            position = end + 1;
            return closed;
        }

        for (int length = name.Length; length >= 2; length--)
        {
            if (Find(name[..length]) is { Length: 1 } older && older[0] <= 0xFF && older != "'")
            {
                position += length;
                return older;
            }
        }

        return "&";
    }

    private static string? Find(string name)
    {
        if (name.Length < 2 || !name.All(char.IsAsciiLetterOrDigit))
            return null;
        string known = Array.IndexOf(UpperCaseNames, name) >= 0 ? name.ToLower(CultureInfo.InvariantCulture) : name;
        string reference = $"&{known};";
        string decoded = WebUtility.HtmlDecode(reference);
        return decoded == reference ? null : decoded;
    }
}
