using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filters that part a list into lists.</summary>
internal static class GroupFilters
{
    /// <summary>Pairs of a value and the items that have it, in the order of the values.</summary>
    public static object? GroupBy(RenderContext context, object? value, Arguments arguments)
    {
        object? attribute = arguments.Required(0, "attribute");
        object? otherwise = arguments.Get(1, "default", null);
        bool isCaseSensitive = arguments.Flag(2, "case_sensitive", otherwise: false);
        object? Grouper(object? item) =>
            SequenceFilters.Attribute(context, item, attribute) is var member && member is UndefinedValue && otherwise is not null ? otherwise : member;
        object? Key(object? item) => SequenceFilters.Folded(Grouper(item), isCaseSensitive);
        List<object?> groups = [];
        List<object?>? members = null;
        object? last = null;
        foreach (object? item in SequenceFilters.Sorted(context, SequenceFilters.ToList(context, value).Items, Key, isReverse: false).Items)
        {
            object? key = Key(item);
            if (members is null || !Python.AreEqual(context, last, key))
            {
                members = [];
                groups.Add(new TemplateList([Grouper(item), new TemplateList(members)], isTuple: true, names: ["grouper", "list"]));
            }

            members.Add(item);
            last = key;
        }

        return new TemplateList(groups);
    }

    /// <summary>Lists of <c>linecount</c> items; the last one filled up when there is something to fill it with.</summary>
    public static object? Batch(RenderContext context, object? value, Arguments arguments)
    {
        long size = Python.AsInteger(arguments.Required(0, "linecount"), "the size of a batch");
        object? filling = arguments.Get(1, "fill_with", null);
        List<object?> items = SequenceFilters.ToList(context, value).Items;
        if (size <= 0)
            throw new TemplateFault("the size of a batch must be positive");
        context.CheckSize(filling is null ? 0 : size);
        List<object?> batches = [.. items.Chunk((int)Math.Min(size, int.MaxValue)).Select(chunk => new TemplateList([.. chunk]))];
        if (filling is not null && batches is [.., TemplateList last])
            Fill(context, last, size, filling);
        return new TemplateList(batches);
    }

    /// <summary>As many lists as asked for, the first ones longer by one where it does not come out even.</summary>
    public static object? Slice(RenderContext context, object? value, Arguments arguments)
    {
        long slices = Python.AsInteger(arguments.Required(0, "slices"), "the count of slices");
        object? filling = arguments.Get(1, "fill_with", null);
        List<object?> items = SequenceFilters.ToList(context, value).Items;
        if (slices <= 0)
            throw new TemplateFault("the count of slices must be positive");
        context.CheckSize(slices);
        context.Work(slices);
        int count = (int)slices;
        (int least, int longer) = Math.DivRem(items.Count, count);
        List<object?> parts = [];
        for (int index = 0, start = 0; index < count; index++)
        {
            int length = least + (index < longer ? 1 : 0);
            var part = new TemplateList(items.GetRange(start, length));
            if (filling is not null && index >= longer)
                part.Items.Add(filling);
            parts.Add(part);
            start += length;
        }

        return new TemplateList(parts);
    }

    private static void Fill(RenderContext context, TemplateList list, long size, object? filling)
    {
        context.Work(size);
        while (list.Items.Count < size)
            list.Items.Add(filling);
    }
}
