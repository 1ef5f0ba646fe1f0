using System.Globalization;
using System.Numerics;
using System.Text;
using CoLlm.Inference.ChatTemplates.Builtins;
using CoLlm.Inference.ChatTemplates.Syntax;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Formatting;

/// <summary>Python's <c>"{}".format(values)</c>.</summary>
internal sealed class BraceFormat(RenderContext context, Arguments arguments)
{
    private const string Aligns = "<>^=";

    private int _next;

    /// <param name="format">The text with fields in braces.</param>
    /// <param name="depth">1 inside the specification of a field, where fields hold no further ones.</param>
    public string Format(string format, int depth = 0)
    {
        if (depth > 1)
            throw new TemplateFault("Max string recursion exceeded");
        var output = new StringBuilder();
        for (int at = 0; at < format.Length; at++)
        {
            char unit = format[at];
            bool isDoubled = unit is '{' or '}' && at + 1 < format.Length && format[at + 1] == unit;
            if (isDoubled)
                at++;
            else if (unit == '}')
                throw new TemplateFault("Single '}' encountered in format string");
            if (unit != '{' || isDoubled)
            {
                output.Append(unit);
                continue;
            }

            int end = EndOfField(format, at);
            output.Append(Field(format[(at + 1)..end], depth));
            context.CheckSize(output.Length);
            at = end;
        }

        context.Work(output.Length);
        return output.ToString();
    }

    private static int EndOfField(string format, int at)
    {
        int open = 0;
        for (int end = at; end < format.Length; end++)
        {
            open += format[end] == '{' ? 1 : format[end] == '}' ? -1 : 0;
            if (open == 0)
                return end;
        }

        throw new TemplateFault("expected '}' before end of string");
    }

    private string Field(string field, int depth)
    {
        int colon = field.IndexOf(':');
        string spec = colon < 0 ? string.Empty : Format(field[(colon + 1)..], depth + 1);
        string name = colon < 0 ? field : field[..colon];
        int mark = name.IndexOf('!');
        string conversion = mark < 0 ? string.Empty : name[(mark + 1)..];
        object? value = Value(mark < 0 ? name : name[..mark]);
        value = conversion switch
        {
            "" => value,
            "r" or "a" => PythonText.Repr(context, value),
            "s" => PythonText.Str(context, value),
            _ => throw new TemplateFault($"unknown conversion specifier {conversion}"),
        };
        return spec.Length == 0 ? PythonText.Str(context, value) : Write(ReadSpec(spec), value);
    }

    private object? Value(string path)
    {
        int end = path.IndexOfAny(['.', '[']);
        string first = end < 0 ? path : path[..end];
        object? value = first.Length == 0 ? Positional(_next++)
            : int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? Positional(index)
            : arguments.Named.TryGetValue(first, out object? named) ? named
            : throw new TemplateFault($"format() has no argument '{first}'");
        while (end >= 0 && end < path.Length)
        {
            bool isItem = path[end] == '[';
            int next = isItem ? path.IndexOf(']', end) + 1 : path.IndexOfAny(['.', '['], end + 1);
            if (isItem && next == 0)
                throw new TemplateFault("Missing ']' in format string");
            int stop = next < 0 ? path.Length : next;
            value = Step(value, path[(end + 1)..(isItem ? stop - 1 : stop)], isItem);
            end = next;
        }

        return value;
    }

    private object? Step(object? value, string name, bool isItem)
    {
        if (isItem)
            return Subscript.Get(context, value, long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? index : name);
        return Member.TryGet(value, name, out object? member) ? member : Methods.Find(value, name) ?? Subscript.Get(context, value, name);
    }

    private object? Positional(int index) => index < arguments.Positional.Count
        ? arguments.Positional[index]
        : throw new TemplateFault("Replacement index is out of range for positional args tuple");

    private static FormatSpec ReadSpec(string text)
    {
        var spec = new FormatSpec();
        Rune.DecodeFromUtf16(text, out Rune fill, out int units);
        int at = 0;
        if (text.Length > units && Aligns.Contains(text[units]))
            (spec, at) = (spec with { Fill = fill.ToString(), Align = text[units] }, units + 1);
        else if (Aligns.Contains(text[0]))
            (spec, at) = (spec with { Align = text[0] }, 1);
        bool Takes(char wanted) => at < text.Length && text[at] == wanted && ++at > 0;
        foreach (char sign in "+- ")
            spec = Takes(sign) ? spec with { Sign = sign == '-' ? '\0' : sign } : spec;
        spec = spec with { IsAlternate = Takes('#') };
        if (Takes('0') && spec.Align == '\0')
            spec = spec with { Align = '=', Fill = "0" };
        spec = spec with { Width = Number(text, ref at) ?? 0 };
        spec = spec with { GroupsThousands = Takes(',') };
        if (Takes('.'))
            spec = spec with { Precision = Number(text, ref at) ?? throw new TemplateFault("Format specifier missing precision") };
        if (at < text.Length)
            spec = spec with { Type = text[at++] };
        return at == text.Length ? spec : throw new TemplateFault($"Invalid format specifier '{text}'");
    }

    private static long? Number(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        if (at == start)
            return null;
        return int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new TemplateFault("Too many decimal digits in format string");
    }

    private string Write(FormatSpec spec, object? value)
    {
        switch (value)
        {
            case string text when spec.Type is '\0' or 's' && spec.Align != '=':
                return spec.WriteText(context, text);
            case bool truth when spec.Type == '\0':
                return spec.WriteText(context, truth ? "True" : "False");
            case long or bool or BigInteger when spec.Type is 'c':
                return spec.WriteText(context, new Rune((int)Python.AsInteger(value, "a character")).ToString());
            case long or bool or BigInteger when spec.Type is '\0' or 'd' or 'n' or 'x' or 'X' or 'o' or 'b':
                return spec.WriteInteger(context, value is BigInteger big ? big : Python.AsInteger(value, "a number"));
            case double real when spec.Type == '\0' && spec.Precision is null:
                return (spec with { Align = spec.Align == '\0' ? '>' : spec.Align }).WriteText(context, PythonText.Float(real));
            case not null when Python.IsNumber(value) && spec.Type is '\0' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or 'n' or '%':
                return (spec.Type is '\0' or 'n' ? spec with { Type = 'g' } : spec).WriteFloat(context, Python.ToDouble(value));
            default:
                throw new TemplateFault($"Unknown format code '{spec.Type}' for object of type '{PythonType.NameOf(value)}'");
        }
    }
}
