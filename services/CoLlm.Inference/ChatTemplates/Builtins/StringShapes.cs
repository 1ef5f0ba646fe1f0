using System.Text;
using CoLlm.Inference.ChatTemplates.Formatting;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The methods of Python strings that pad, part, format or classify them.</summary>
internal static class StringShapes
{
    public static readonly Dictionary<string, Func<RenderContext, string, Arguments, object?>> All = new()
    {
        ["center"] = (context, text, arguments) => Center(context, text, arguments.Integer(0, "width", 0), FillOf(arguments)),
        ["ljust"] = (context, text, arguments) => text + Padding(context, text, arguments.Integer(0, "width", 0), FillOf(arguments)),
        ["rjust"] = (context, text, arguments) => Padding(context, text, arguments.Integer(0, "width", 0), FillOf(arguments)) + text,
        ["zfill"] = (context, text, arguments) => ZeroFill(context, text, arguments.Integer(0, "width", 0)),
        ["partition"] = (_, text, arguments) => Partition(text, arguments.Text(0, "sep"), fromEnd: false),
        ["rpartition"] = (_, text, arguments) => Partition(text, arguments.Text(0, "sep"), fromEnd: true),
        ["format"] = (context, text, arguments) => new BraceFormat(context, arguments).Format(text),
        ["swapcase"] = (_, text, _) => string.Concat(text.EnumerateRunes().Select(Swapped)),
        ["casefold"] = (_, text, _) => text.ToLowerInvariant().Replace("ß", "ss", StringComparison.Ordinal),
        ["isascii"] = (_, text, _) => text.All(char.IsAscii),
        ["isdecimal"] = (_, text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsDigit),
        ["isdigit"] = (_, text, _) => text.Length > 0 && text.EnumerateRunes().All(rune => Rune.IsDigit(rune) || "²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉".Contains(rune.ToString())),
        ["isnumeric"] = (_, text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsNumber),
        ["istitle"] = (_, text, _) => text.Any(char.IsLetter) && text == StringMethods.Title(text),
    };

    public static string Center(RenderContext context, string text, long width, string fill)
    {
        long missing = Math.Max(0, width - PythonText.CountCodePoints(text));
        // Where it does not come out even, the side depends on whether the width does.
        long before = (missing / 2) + (missing & width & 1);
        return Repeated(context, fill, before) + text + Repeated(context, fill, missing - before);
    }

    private static string FillOf(Arguments arguments) =>
        arguments.Get(1, "fillchar", " ") is string fill && PythonText.CountCodePoints(fill) == 1
            ? fill
            : throw new TemplateFault("The fill character must be exactly one character long");

    private static string Padding(RenderContext context, string text, long width, string fill) =>
        Repeated(context, fill, Math.Max(0, width - PythonText.CountCodePoints(text)));

    private static string ZeroFill(RenderContext context, string text, long width)
    {
        int sign = text.StartsWith('-') || text.StartsWith('+') ? 1 : 0;
        return text[..sign] + Padding(context, text, width, "0") + text[sign..];
    }

    private static string Repeated(RenderContext context, string fill, long count)
    {
        context.CheckSize(count);
        context.Work(count);
        return string.Concat(Enumerable.Repeat(fill, (int)count));
    }

    private static TemplateList Partition(string text, string separator, bool fromEnd)
    {
        if (separator.Length == 0)
            throw new TemplateFault("empty separator");
        int at = fromEnd ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        object?[] parts = at >= 0
            ? [text[..at], separator, text[(at + separator.Length)..]]
            : fromEnd ? [string.Empty, string.Empty, text] : [text, string.Empty, string.Empty];
        return new TemplateList([.. parts], isTuple: true);
    }

    private static string Swapped(Rune rune) => (Rune.IsUpper(rune) ? Rune.ToLowerInvariant(rune) : Rune.ToUpperInvariant(rune)).ToString();
}
