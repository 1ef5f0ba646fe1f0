using System.Globalization;
using CoLlm.Inference.ChatTemplates.Syntax;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filters that work on lists. (Where the reference gives a generator, these give a list.)</summary>
internal static class SequenceFilters
{
    public static object? First(object? value)
    {
        foreach (object? item in Python.Iterate(value))
            return item;
        return new UndefinedValue("No first item, sequence was empty.");
    }

    public static object? Last(object? value) => value switch
    {
        string or TemplateList or TemplateDict => Python.Length(value) > 0
            ? Python.Iterate(value).Last()
            : new UndefinedValue("No last item, sequence was empty."),
        _ => throw new TemplateFault($"'{PythonType.NameOf(value)}' object is not reversible"),
    };

    public static TemplateList ToList(RenderContext context, object? value)
    {
        List<object?> items = [.. Python.Iterate(value)];
        context.Work(items.Count);
        return new TemplateList(items);
    }

    public static object Reverse(RenderContext context, object? value)
    {
        List<object?> items = ToList(context, value).Items;
        items.Reverse();
        return value is string ? string.Concat(items) : new TemplateList(items);
    }

    public static object? Map(RenderContext context, object? value, Arguments arguments)
    {
        List<object?> items = ToList(context, value).Items;
        if (arguments.Positional.Count == 0)
        {
            object? attribute = arguments.Required(0, "attribute");
            bool hasDefault = arguments.Named.TryGetValue("default", out object? otherwise);
            return new TemplateList([.. items.Select(item =>
                Attribute(context, item, attribute) is var member && member is UndefinedValue && hasDefault ? otherwise : member)]);
        }

        string filter = arguments.Text(0, "filter");
        Arguments rest = new(filter, arguments.Positional[1..], arguments.Named);
        return new TemplateList([.. items.Select(item => Filters.Apply(context, filter, item, rest))]);
    }

    public static object? Select(RenderContext context, object? value, Arguments arguments, bool byAttribute, bool keeps)
    {
        object? attribute = byAttribute ? arguments.Required(0, "attribute") : null;
        int test = byAttribute ? 1 : 0;
        string? name = arguments.Positional.Count > test ? arguments.Text(test, "test") : null;
        var rest = new Arguments(name ?? "true", arguments.Positional.Count > test ? arguments.Positional[(test + 1)..] : [], arguments.Named);
        return new TemplateList([.. ToList(context, value).Items.Where(item =>
        {
            object? tested = byAttribute ? Attribute(context, item, attribute) : item;
            return (name is null ? Python.IsTrue(tested) : Tests.Holds(context, name, tested, rest)) == keeps;
        })]);
    }

    public static object? Sort(RenderContext context, object? value, Arguments arguments)
    {
        bool isReverse = arguments.Flag(0, "reverse", otherwise: false);
        bool isCaseSensitive = arguments.Flag(1, "case_sensitive", otherwise: false);
        object? attribute = arguments.Get(2, "attribute", null);
        object? KeyOf(object? item) => attribute is string names && names.Contains(',')
            ? new TemplateList([.. names.Split(',').Select(name => Key(context, item, name, isCaseSensitive))])
            : Key(context, item, attribute, isCaseSensitive);
        return Sorted(context, ToList(context, value).Items, KeyOf, isReverse);
    }

    public static object? DictSort(RenderContext context, object? value, Arguments arguments)
    {
        if (value is not TemplateDict dict)
            throw new TemplateFault($"dictsort needs a mapping, not {PythonType.NameOf(value)}");
        bool isCaseSensitive = arguments.Flag(0, "case_sensitive", otherwise: false);
        long by = arguments.Get(1, "by", "key") switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw new TemplateFault("You can only sort by either \"key\" or \"value\""),
        };
        return Sorted(context, Methods.Pairs(dict).Items, item => Key(context, item, by, isCaseSensitive), arguments.Flag(2, "reverse", otherwise: false));
    }

    public static object? Unique(RenderContext context, object? value, Arguments arguments)
    {
        bool isCaseSensitive = arguments.Flag(0, "case_sensitive", otherwise: false);
        object? attribute = arguments.Get(1, "attribute", null);
        var seen = new TemplateDict();
        List<object?> kept = [];
        foreach (object? item in ToList(context, value).Items)
        {
            object? key = Key(context, item, attribute, isCaseSensitive);
            if (seen.TryGet(key, out _))
                continue;
            seen.Set(key, true);
            kept.Add(item);
        }

        return new TemplateList(kept);
    }

    public static object? Extreme(RenderContext context, object? value, Arguments arguments, string symbol)
    {
        bool isCaseSensitive = arguments.Flag(0, "case_sensitive", otherwise: false);
        object? attribute = arguments.Get(1, "attribute", null);
        List<object?> items = ToList(context, value).Items;
        if (items.Count == 0)
            return new UndefinedValue("No aggregated item, sequence was empty.");
        object? best = items[0];
        foreach (object? item in items.Skip(1))
        {
            if (Comparison.Holds(context, symbol, Key(context, item, attribute, isCaseSensitive), Key(context, best, attribute, isCaseSensitive)))
                best = item;
        }

        return best;
    }

    public static object? Sum(RenderContext context, object? value, Arguments arguments)
    {
        object? attribute = arguments.Get(0, "attribute", null);
        object? total = arguments.Get(1, "start", 0L);
        foreach (object? item in ToList(context, value).Items)
            total = Arithmetic.Binary(context, "+", total, attribute is null ? item : Attribute(context, item, attribute));
        return total;
    }

    /// <summary>A member by name, by index, or along a path with dots.</summary>
    public static object? Attribute(RenderContext context, object? item, object? attribute)
    {
        if (attribute is not string path)
            return Subscript.Get(context, item, attribute);
        foreach (string part in path.Split('.'))
        {
            bool isIndex = long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long index);
            if (item is UndefinedValue undefined)
                throw undefined.Fault();
            item = isIndex ? Subscript.Get(context, item, index) : Subscript.Get(context, item, part);
        }

        return item;
    }

    private static object? Key(RenderContext context, object? item, object? attribute, bool isCaseSensitive)
    {
        return Folded(attribute is null ? item : Attribute(context, item, attribute), isCaseSensitive);
    }

    /// <summary>Text in lower case where case does not count; anything else as it is.</summary>
    public static object? Folded(object? key, bool isCaseSensitive) => key is string text && !isCaseSensitive ? text.ToLowerInvariant() : key;

    public static TemplateList Sorted(RenderContext context, List<object?> items, Func<object?, object?> keyOf, bool isReverse)
    {
        var order = Comparer<object?>.Create((left, right) => Python.Compare(context, left, right, "<"));
        return new TemplateList([.. isReverse ? items.OrderByDescending(keyOf, order) : items.OrderBy(keyOf, order)]);
    }
}
