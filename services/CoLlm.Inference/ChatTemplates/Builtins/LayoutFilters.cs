using System.Text;
using CoLlm.Inference.ChatTemplates.Formatting;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filters that fit text to a width or a place.</summary>
internal static class LayoutFilters
{
    public static object? Center(RenderContext context, object? value, Arguments arguments)
    {
        string text = PythonText.Str(context, value);
        return StringShapes.Center(context, text, arguments.Integer(0, "width", 80), " ");
    }

    /// <summary>Cuts text that is longer than its bound, at a word unless told otherwise, and says so by an ending.</summary>
    public static object? Truncate(RenderContext context, object? value, Arguments arguments)
    {
        string text = PythonText.Str(context, value);
        long length = arguments.Integer(0, "length", 255);
        bool cutsWords = arguments.Flag(1, "killwords", otherwise: false);
        string end = PythonText.Str(context, arguments.Get(2, "end", "..."));
        long leeway = arguments.Get(3, "leeway", null) is { } given ? Python.AsInteger(given, "the leeway of truncate") : 5;
        long room = Math.Max(length, -1) - PythonText.CountCodePoints(end);
        if (room < 0 || leeway < 0)
            throw new TemplateFault("truncate needs a length of at least that of its ending, and a leeway that is not negative");
        if (PythonText.CountCodePoints(text) - leeway <= length)
            return text;
        string kept = text[..PythonText.OffsetOf(text, room)];
        int space = kept.LastIndexOf(' ');
        return (cutsWords || space < 0 ? kept : kept[..space]) + end;
    }

    /// <summary>Percent-encodes text for a path, or names and values for a query.</summary>
    public static object? UrlEncode(RenderContext context, object? value, Arguments arguments)
    {
        IEnumerable<object?>? pairs = value switch
        {
            TemplateDict dict => Methods.Pairs(dict).Items,
            TemplateList list => list.Items,
            _ => null,
        };
        if (pairs is null)
            return Quote(context, value, isQuery: false);
        return StringMethods.Join(context, "&", pairs.Select(pair => pair is TemplateList { Items: [var name, var content] }
            ? (object?)$"{Quote(context, name, isQuery: true)}={Quote(context, content, isQuery: true)}"
            : throw new TemplateFault("urlencode needs text, a mapping or pairs")));
    }

    public static object? Format(RenderContext context, object? value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw new TemplateFault("can't handle positional and keyword arguments at the same time");
        var names = new TemplateDict();
        foreach ((string name, object? named) in arguments.Named)
            names.Set(name, named);
        object values = arguments.Named.Count > 0 ? names : new TemplateList(arguments.Positional, isTuple: true);
        string format = PythonText.Str(context, value);
        return PercentFormat.Format(context, format, context.IsMarkup(format) ? Markup.Inserted(context, values) : values);
    }

    private static string Quote(RenderContext context, object? value, bool isQuery)
    {
        var output = new StringBuilder();
        foreach (byte unit in Encoding.UTF8.GetBytes(PythonText.Str(context, value)))
        {
            bool isPlain = char.IsAsciiLetterOrDigit((char)unit) || "_.-~".Contains((char)unit) || (unit == '/' && !isQuery);
            if (isPlain)
                output.Append((char)unit);
            else if (unit == ' ' && isQuery)
                output.Append('+');
            else
                output.Append('%').Append(unit.ToString("X2"));
            context.CheckSize(output.Length);
        }

        context.Work(output.Length);
        return output.ToString();
    }
}
