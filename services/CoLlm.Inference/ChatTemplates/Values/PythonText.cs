using System.Globalization;
using System.Numerics;
using System.Text;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Python's <c>str()</c> and <c>repr()</c>, and its view of strings as code points.</summary>
internal static class PythonText
{
    /// <summary>What <c>{{ value }}</c> prints.</summary>
    public static string Str(RenderContext context, object? value)
    {
        if (value is string text)
            return text;
        if (value is UndefinedValue)
            return string.Empty;
        var output = new StringBuilder();
        AppendRepr(context, output, value, 0, sortsKeys: false);
        return output.ToString();
    }

    public static string Repr(RenderContext context, object? value, bool sortsKeys = false)
    {
        var output = new StringBuilder();
        AppendRepr(context, output, value, 0, sortsKeys);
        return output.ToString();
    }

    /// <summary>The shortest digits that give the same number back, in Python's form.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        string scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        int exponent = value == 0 ? 0 : int.Parse(scientific.AsSpan(scientific.IndexOf('E') + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string digits = DigitsOf(shortest);
        string sign = double.IsNegative(value) ? "-" : string.Empty;
        if (exponent is < -4 or >= 16)
        {
            string mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length > exponent + 1
            ? $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}"
            : $"{sign}{digits.PadRight(exponent + 1, '0')}.0";
    }

    /// <summary>The text with U+FFFD for every half of a surrogate pair, which nothing here expects.</summary>
    public static string WellFormed(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') ? string.Concat(text.EnumerateRunes()) : text;

    public static int CountCodePoints(string text)
    {
        int count = text.Length;
        foreach (char unit in text)
            count -= char.IsLowSurrogate(unit) ? 1 : 0;
        return count;
    }

    /// <summary>Where code point number <paramref name="index"/> begins, in UTF-16 units.</summary>
    public static int OffsetOf(string text, long index)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return (int)index;
        int offset = 0;
        for (long seen = 0; seen < index; seen++)
            offset += char.IsHighSurrogate(text[offset]) ? 2 : 1;
        return offset;
    }

    private static void AppendRepr(RenderContext context, StringBuilder output, object? value, int depth, bool sortsKeys)
    {
        int before = output.Length;
        Python.CheckNesting(depth);
        switch (value)
        {
            case null:
                output.Append("None");
                break;
            case bool truth:
                output.Append(truth ? "True" : "False");
                break;
            case long or BigInteger:
                output.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                output.Append(Float(number));
                break;
            case string text:
                output.Append(context.IsMarkup(text) ? "Markup(" : string.Empty);
                AppendQuoted(output, text);
                output.Append(context.IsMarkup(text) ? ")" : string.Empty);
                break;
            case TemplateList list:
                AppendList(context, output, list, depth, sortsKeys);
                break;
            case TemplateDict dict:
                AppendItems(context, output, sortsKeys ? dict.SortedItems(context) : dict.Items, depth, sortsKeys);
                break;
            case UndefinedValue:
                output.Append("Undefined");
                break;
            case NamespaceValue { Shown: { } shown }:
                output.Append(shown);
                break;
            case NamespaceValue space:
                output.Append("<Namespace ");
                AppendItems(context, output, space.Members.Select(member => ((object?)member.Key, member.Value)), depth, sortsKeys);
                output.Append('>');
                break;
            case TemplateFunction { Members.Shown: { } shown }:
                output.Append(shown);
                break;
            case TemplateFunction function:
                output.Append(CultureInfo.InvariantCulture, $"<function {function.Name}>");
                break;
            default:
                output.Append(CultureInfo.InvariantCulture, $"<{PythonType.NameOf(value)}>");
                break;
        }

        context.Work(1);
        if (depth == 0 || value is string)
            context.Work(output.Length - before);
        context.CheckSize(output.Length);
    }

    private static void AppendList(RenderContext context, StringBuilder output, TemplateList list, int depth, bool sortsKeys)
    {
        output.Append(list.IsTuple ? '(' : '[');
        for (int index = 0; index < list.Items.Count; index++)
        {
            output.Append(index > 0 ? ", " : string.Empty);
            AppendRepr(context, output, list.Items[index], depth + 1, sortsKeys);
        }

        output.Append(list.IsTuple ? list.Items.Count == 1 ? ",)" : ")" : "]");
    }

    private static void AppendItems(
        RenderContext context, StringBuilder output, IEnumerable<(object? Key, object? Value)> items, int depth, bool sortsKeys)
    {
        output.Append('{');
        string separator = string.Empty;
        foreach ((object? key, object? value) in items)
        {
            output.Append(separator);
            AppendRepr(context, output, key, depth + 1, sortsKeys);
            output.Append(": ");
            AppendRepr(context, output, value, depth + 1, sortsKeys);
            separator = ", ";
        }

        output.Append('}');
    }

    private static void AppendQuoted(StringBuilder output, string text)
    {
        char quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        output.Append(quote);
        foreach (Rune rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '\n':
                    output.Append("\\n");
                    break;
                case '\r':
                    output.Append("\\r");
                    break;
                case '\t':
                    output.Append("\\t");
                    break;
                case int value when value == quote || value == '\\':
                    output.Append('\\').Append((char)value);
                    break;
                case int value when IsPrintable(rune):
                    output.Append(rune);
                    break;
                case int value:
                    output.Append(value <= 0xFF ? $"\\x{value:x2}" : value <= 0xFFFF ? $"\\u{value:x4}" : $"\\U{value:x8}");
                    break;
            }
        }

        output.Append(quote);
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);

    private static string DigitsOf(string shortest)
    {
        int end = shortest.IndexOf('E', StringComparison.Ordinal);
        string digits = string.Concat((end < 0 ? shortest : shortest[..end]).Where(char.IsAsciiDigit)).TrimStart('0').TrimEnd('0');
        return digits.Length == 0 ? "0" : digits;
    }
}
