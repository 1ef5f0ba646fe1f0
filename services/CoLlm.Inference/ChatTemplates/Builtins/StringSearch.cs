using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The methods of Python strings that look for parts, all with an optional stretch to look in.</summary>
internal static class StringSearch
{
    public static readonly Dictionary<string, Func<RenderContext, string, Arguments, object?>> All = new()
    {
        ["find"] = (_, text, arguments) => Find(text, arguments, fromEnd: false),
        ["rfind"] = (_, text, arguments) => Find(text, arguments, fromEnd: true),
        ["index"] = (_, text, arguments) => Found(Find(text, arguments, fromEnd: false)),
        ["rindex"] = (_, text, arguments) => Found(Find(text, arguments, fromEnd: true)),
        ["count"] = (_, text, arguments) => StringMethods.Count(Stretch(text, arguments, out long _), arguments.Text(0, "sub")),
        ["startswith"] = (_, text, arguments) => Stretch(text, arguments, out long _) is var stretch
            && Affixes(arguments).Any(prefix => stretch.StartsWith(prefix, StringComparison.Ordinal)),
        ["endswith"] = (_, text, arguments) => Stretch(text, arguments, out long _) is var stretch
            && Affixes(arguments).Any(suffix => stretch.EndsWith(suffix, StringComparison.Ordinal)),
    };

    private static long Find(string text, Arguments arguments, bool fromEnd)
    {
        string stretch = Stretch(text, arguments, out long start);
        string part = arguments.Text(0, "sub");
        int offset = !fromEnd ? stretch.IndexOf(part, StringComparison.Ordinal)
            : part.Length == 0 ? stretch.Length
            : stretch.LastIndexOf(part, StringComparison.Ordinal);
        return offset < 0 ? -1 : start + PythonText.CountCodePoints(stretch[..offset]);
    }

    private static long Found(long position) => position >= 0 ? position : throw new TemplateFault("substring not found");

    private static string Stretch(string text, Arguments arguments, out long start)
    {
        start = 0;
        if (!arguments.Has(1, "start") && !arguments.Has(2, "end"))
            return text;
        long count = PythonText.CountCodePoints(text);
        start = Bound(arguments.Get(1, "start", null) ?? 0L, count);
        long end = Math.Max(start, Bound(arguments.Get(2, "end", null) ?? count, count));
        return text[PythonText.OffsetOf(text, start)..PythonText.OffsetOf(text, end)];
    }

    private static long Bound(object bound, long count)
    {
        long position = Python.AsInteger(bound, "a position");
        return Math.Clamp(position < 0 ? position + count : position, 0, count);
    }

    private static List<string> Affixes(Arguments arguments) => arguments.Required(0, "prefix") switch
    {
        string text => [text],
        TemplateList { IsTuple: true } list => [.. list.Items.OfType<string>()],
        var other => throw new TemplateFault(
            $"{arguments.Callee} first arg must be str or a tuple of str, not {PythonType.NameOf(other)}"),
    };
}
