namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>The evaluated arguments of one call.</summary>
internal sealed class Arguments(string callee, List<object?> positional, Dictionary<string, object?> named)
{
    public string Callee { get; } = callee;

    public List<object?> Positional { get; } = positional;

    public Dictionary<string, object?> Named { get; } = named;

    public static Arguments None(string callee) => new(callee, [], []);

    public bool Has(int index, string name) => index < Positional.Count || Named.ContainsKey(name);

    public object? Get(int index, string name, object? otherwise)
    {
        if (index < Positional.Count)
            return Positional[index];
        return Named.TryGetValue(name, out object? value) ? value : otherwise;
    }

    public object? Required(int index, string name) =>
        Has(index, name) ? Get(index, name, null) : throw new TemplateFault($"{Callee}() misses its argument '{name}'");

    public bool Flag(int index, string name, bool otherwise) => Python.IsTrue(Get(index, name, otherwise));

    public long Integer(int index, string name, long otherwise) => Python.AsInteger(Get(index, name, otherwise), $"argument '{name}' of {Callee}()");

    public string Text(int index, string name) => Get(index, name, null) switch
    {
        string text => text,
        object other => throw new TemplateFault($"argument '{name}' of {Callee}() is not a string but {PythonType.NameOf(other)}"),
        null => throw new TemplateFault($"argument '{name}' of {Callee}() is not a string"),
    };
}
