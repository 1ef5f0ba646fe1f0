using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The two functions whose values remember how often they were asked.</summary>
internal static class Cyclers
{
    /// <summary>Gives its arguments one after another, over and over.</summary>
    public static NamespaceValue Cycler(Arguments arguments)
    {
        List<object?> items = arguments.Positional;
        if (items.Count == 0)
            throw new TemplateFault("at least one item has to be provided");
        int position = 0;
        var cycler = new NamespaceValue();
        cycler.Members["current"] = items[0];
        cycler.Members["next"] = new TemplateFunction("next", (_, _) =>
        {
            object? current = items[position];
            position = (position + 1) % items.Count;
            cycler.Members["current"] = items[position];
            return current;
        });
        cycler.Members["reset"] = new TemplateFunction("reset", (_, _) =>
        {
            position = 0;
            cycler.Members["current"] = items[0];
            return null;
        });
        return cycler;
    }

    /// <summary>Gives nothing the first time and its separator from then on.</summary>
    public static TemplateFunction Joiner(Arguments arguments)
    {
        object? separator = arguments.Get(0, "sep", ", ");
        bool isUsed = false;
        return new TemplateFunction("joiner", (_, _) =>
        {
            object? given = isUsed ? separator : string.Empty;
            isUsed = true;
            return given;
        });
    }
}
