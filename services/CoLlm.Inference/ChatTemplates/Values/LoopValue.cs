namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>What <c>loop</c> is inside a loop.</summary>
internal sealed class LoopValue(List<object?> items, int depth)
{
    private object? _lastChanged;
    private bool _hasChanged;

    /// <summary>The members of <c>loop</c> at one iteration.</summary>
    public NamespaceValue At(int index)
    {
        var loop = new NamespaceValue($"<LoopContext {index + 1}/{items.Count}>");
        Dictionary<string, object?> members = loop.Members;
        members["index"] = index + 1L;
        members["index0"] = (long)index;
        members["revindex"] = (long)items.Count - index;
        members["revindex0"] = (long)items.Count - index - 1;
        members["first"] = index == 0;
        members["last"] = index == items.Count - 1;
        members["length"] = (long)items.Count;
        members["depth"] = depth + 1L;
        members["depth0"] = (long)depth;
        members["previtem"] = index > 0 ? items[index - 1] : new UndefinedValue("there is no previous item");
        members["nextitem"] = index + 1 < items.Count ? items[index + 1] : new UndefinedValue("there is no next item");
        members["cycle"] = new TemplateFunction("cycle", (_, arguments) => arguments.Positional.Count > 0
            ? arguments.Positional[index % arguments.Positional.Count]
            : throw new TemplateFault("no items for cycling given"));
        members["changed"] = new TemplateFunction("changed", (context, arguments) => Changed(context, arguments));
        return loop;
    }

    private bool Changed(RenderContext context, Arguments arguments)
    {
        var now = new TemplateList(arguments.Positional);
        bool changed = !_hasChanged || !Python.AreEqual(context, _lastChanged, now);
        (_lastChanged, _hasChanged) = (now, true);
        return changed;
    }
}
