using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    public static IEnumerable<TemplateFunction> All { get; } =
    [
        new("raise_exception", (context, arguments) =>
            throw new TemplateFault(PythonText.Str(context, arguments.Required(0, "message")), isRaised: true)),
        new("strftime_now", (context, arguments) => TimeFormat.Format(context.Time.GetLocalNow(), arguments.Text(0, "format"))),
        new("namespace", (_, arguments) => Namespace(arguments)),
        new("dict", (_, arguments) => Dict(arguments)),
        new("range", Range),
        new("cycler", (_, arguments) => Cyclers.Cycler(arguments)),
        new("lipsum", (_, _) => throw new TemplateFault("lipsum is refused: a template must give the same text every time")),
        new("joiner", (_, arguments) => Cyclers.Joiner(arguments)),
    ];

    private static NamespaceValue Namespace(Arguments arguments)
    {
        var space = new NamespaceValue();
        foreach ((object? key, object? value) in Dict(arguments).Items)
            space.Members[key as string ?? throw new TemplateFault("the names of a namespace must be strings")] = value;
        return space;
    }

    private static TemplateDict Dict(Arguments arguments)
    {
        var dict = new TemplateDict();
        if (arguments.Positional is [TemplateDict given, ..])
        {
            foreach ((object? key, object? value) in given.Items)
                dict.Set(key, value);
        }

        if (arguments.Positional is [TemplateList pairs, ..])
        {
            foreach (object? pair in pairs.Items)
            {
                if (pair is not TemplateList { Items: [var key, var value] })
                    throw new TemplateFault("dict() needs a mapping or pairs");
                dict.Set(key, value);
            }
        }

        foreach ((string key, object? value) in arguments.Named)
            dict.Set(key, value);
        return dict;
    }

    private static TemplateList Range(RenderContext context, Arguments arguments)
    {
        bool hasStart = arguments.Positional.Count > 1;
        long start = hasStart ? arguments.Integer(0, "start", 0) : 0;
        long stop = hasStart ? arguments.Integer(1, "stop", 0) : Python.AsInteger(arguments.Required(0, "stop"), "argument 'stop' of range()");
        long step = arguments.Integer(2, "step", 1);
        if (step == 0)
            throw new TemplateFault("range() arg 3 must not be zero");
        double count = Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        context.CheckSize((long)Math.Min(count, int.MaxValue));
        context.Work((long)count);
        return new TemplateList([.. Enumerable.Range(0, (int)count).Select(index => (object?)(start + (index * step)))]);
    }
}
