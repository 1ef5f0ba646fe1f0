using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>What can stand after a bar: by name, with the value as first parameter.</summary>
internal static class Filters
{
    private delegate object? Body(RenderContext context, object? value, Arguments arguments);

    private static readonly Dictionary<string, Body> All = new()
    {
        ["abs"] = (context, value, _) => NumberFilters.Absolute(context, value),
        ["attr"] = (_, value, arguments) => Attribute(value, arguments.Text(0, "name")),
        ["batch"] = GroupFilters.Batch,
        ["capitalize"] = (context, value, _) => StringMethods.Capitalize(PythonText.Str(context, value)),
        ["center"] = LayoutFilters.Center,
        ["count"] = (_, value, _) => Python.Length(value),
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = SequenceFilters.DictSort,
        ["e"] = (context, value, _) => Markup.Escaped(context, value),
        ["escape"] = (context, value, _) => Markup.Escaped(context, value),
        ["filesizeformat"] = (_, value, arguments) => NumberFilters.FileSize(value, arguments),
        ["first"] = (_, value, _) => SequenceFilters.First(value),
        ["float"] = (_, value, arguments) => NumberFilters.ToFloat(value, arguments),
        ["forceescape"] = (context, value, _) => context.AsMarkup(TextFilters.Escape(context, PythonText.Str(context, value))),
        ["format"] = LayoutFilters.Format,
        ["groupby"] = GroupFilters.GroupBy,
        ["indent"] = TextFilters.Indent,
        ["int"] = (_, value, arguments) => NumberFilters.ToInteger(value, arguments),
        ["items"] = (_, value, _) => Items(value),
        ["join"] = TextFilters.Join,
        ["last"] = (_, value, _) => SequenceFilters.Last(value),
        ["length"] = (_, value, _) => Python.Length(value),
        ["list"] = (context, value, _) => SequenceFilters.ToList(context, value),
        ["lower"] = (context, value, _) => PythonText.Str(context, value).ToLowerInvariant(),
        ["map"] = SequenceFilters.Map,
        ["max"] = (context, value, arguments) => SequenceFilters.Extreme(context, value, arguments, ">"),
        ["min"] = (context, value, arguments) => SequenceFilters.Extreme(context, value, arguments, "<"),
        ["pprint"] = (context, value, _) => PrettyPrint.Of(context, value),
        ["random"] = (_, _, _) => throw new TemplateFault("random is refused: a template must give the same text every time"),
        ["reject"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: false, keeps: false),
        ["rejectattr"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: true, keeps: false),
        ["replace"] = TextFilters.Replace,
        ["reverse"] = (context, value, _) => SequenceFilters.Reverse(context, value),
        ["round"] = (_, value, arguments) => NumberFilters.Round(value, arguments),
        ["safe"] = (context, value, _) => context.AsMarkup(PythonText.Str(context, value)),
        ["select"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: false, keeps: true),
        ["selectattr"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: true, keeps: true),
        ["slice"] = GroupFilters.Slice,
        ["sort"] = SequenceFilters.Sort,
        ["string"] = (context, value, _) => PythonText.Str(context, value),
        ["striptags"] = HtmlFilters.StripTags,
        ["sum"] = SequenceFilters.Sum,
        ["title"] = (context, value, _) => TextFilters.Title(PythonText.Str(context, value)),
        ["tojson"] = TextFilters.ToJson,
        ["trim"] = (context, value, arguments) =>
            StringMethods.Strip(PythonText.Str(context, value), arguments.Get(0, "chars", null), left: true, right: true),
        ["truncate"] = LayoutFilters.Truncate,
        ["unique"] = SequenceFilters.Unique,
        ["upper"] = (context, value, _) => PythonText.Str(context, value).ToUpperInvariant(),
        ["urlencode"] = LayoutFilters.UrlEncode,
        ["urlize"] = LinkFilter.Apply,
        ["wordcount"] = (context, value, _) => TextFilters.CountWords(PythonText.Str(context, value)),
        ["wordwrap"] = WordWrap.Apply,
        ["xmlattr"] = HtmlFilters.Attributes,
    };

    /// <summary>Those whose text counts as HTML where the text that they were given does.</summary>
    private static readonly HashSet<string> MarkupKeepers = ["capitalize", "center", "format", "indent", "lower", "reverse", "trim", "truncate", "upper"];

    public static bool Has(string name) => All.ContainsKey(name);

    public static object? Apply(RenderContext context, string name, object? value, Arguments arguments)
    {
        if (!All.TryGetValue(name, out Body? body))
            throw new TemplateFault($"no filter named '{name}'");
        context.Work(value switch { string text => text.Length, TemplateList list => list.Items.Count, TemplateDict dict => dict.Count, _ => 1 });
        object? result = body(context, value, arguments);
        return MarkupKeepers.Contains(name) ? Markup.Keep(context, value, result) : result;
    }

    /// <summary>A method or member, never an item of a mapping.</summary>
    private static object? Attribute(object? value, string name)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (Methods.Find(value, name) is { } method)
            return method;
        return value is not TemplateDict && Syntax.Member.TryGet(value, name, out object? member)
            ? member
            : new UndefinedValue($"'{PythonType.ObjectName(value)}' has no attribute '{name}'");
    }

    private static object? Default(RenderContext context, object? value, Arguments arguments)
    {
        bool replaces = value is UndefinedValue || (arguments.Flag(1, "boolean", otherwise: false) && !Python.IsTrue(value));
        return replaces ? arguments.Get(0, "default_value", string.Empty) : value;
    }

    private static TemplateList Items(object? value) => value switch
    {
        UndefinedValue => new TemplateList([]),
        TemplateDict dict => Methods.Pairs(dict),
        _ => throw new TemplateFault("Can only get item pairs from a mapping."),
    };
}
