using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The methods of strings, dicts and lists. Those that would change a value are refused, as the reference does.</summary>
internal static class Methods
{
    private static readonly HashSet<string> Unsafe =
        ["append", "extend", "insert", "remove", "reverse", "sort", "clear", "pop", "popitem", "setdefault", "update"];

    /// <summary>The method bound to <paramref name="value"/>; null when its type has none of that name.</summary>
    public static TemplateFunction? Find(object? value, string name) => value switch
    {
        string text => StringMethods.Find(text, name),
        TemplateDict dict => OfDict(dict, name),
        TemplateList list => OfList(list, name),
        _ => null,
    };

    private static TemplateFunction? OfDict(TemplateDict dict, string name)
    {
        switch (name)
        {
            case "keys":
                return new TemplateFunction(name, (_, _) => new TemplateList([.. dict.Keys]));
            case "values":
                return new TemplateFunction(name, (_, _) => new TemplateList([.. dict.Values]));
            case "items":
                return new TemplateFunction(name, (_, _) => Pairs(dict));
            case "copy":
                return new TemplateFunction(name, (_, _) => dict);
            case "get":
                return new TemplateFunction(name, (_, arguments) =>
                    dict.TryGet(arguments.Required(0, "key"), out object? found) ? found : arguments.Get(1, "default", null));
            default:
                return Unsafe.Contains(name) && name is not ("append" or "extend" or "insert" or "remove" or "reverse" or "sort")
                    && !dict.TryGet(name, out _)
                    ? Refused(name, "dict")
                    : null;
        }
    }

    private static TemplateFunction? OfList(TemplateList list, string name)
    {
        switch (name)
        {
            case "index":
                return new TemplateFunction(name, (context, arguments) => IndexOf(context, list, arguments.Required(0, "value")));
            case "count":
                return new TemplateFunction(name, (context, arguments) =>
                    (long)list.Items.Count(item => Python.AreEqual(context, item, arguments.Required(0, "value"))));
            case "copy":
                return new TemplateFunction(name, (_, _) => list);
            default:
                return Unsafe.Contains(name) && !list.IsTuple ? Refused(name, "list") : null;
        }
    }

    /// <summary>A dict's items as a list of tuples.</summary>
    public static TemplateList Pairs(TemplateDict dict) =>
        new([.. dict.Items.Select(item => new TemplateList([item.Key, item.Value], isTuple: true))]);

    private static long IndexOf(RenderContext context, TemplateList list, object? value)
    {
        int index = list.Items.FindIndex(item => Python.AreEqual(context, item, value));
        return index >= 0 ? index : throw new TemplateFault($"{PythonText.Repr(context, value)} is not in list");
    }

    private static TemplateFunction Refused(string name, string type) => new(
        name, (_, _) => throw new TemplateFault($"access to attribute '{name}' of '{type}' object is unsafe: templates cannot change values"));
}
