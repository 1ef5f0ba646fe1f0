namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>A Python list or tuple. (Other values are plain: null for None, bool, long, BigInteger, double, string.)</summary>
internal sealed class TemplateList(List<object?> items, bool isTuple = false, string[]? names = null)
{
    public List<object?> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;

    /// <summary>Of a named tuple: what its items can also be asked for by.</summary>
    public string[] Names { get; } = names ?? [];
}

/// <summary>A Python dict: keeps the order of insertion; 1, 1.0 and True are one key.</summary>
internal sealed class TemplateDict
{
    /// <summary>Stands for the key None, which a dictionary cannot hold.</summary>
    private static readonly object NoneKey = new();

    private readonly OrderedDictionary<object, object?> _items = new(KeyComparer.Instance);

    public int Count => _items.Count;

    public IEnumerable<object?> Keys => _items.Keys.Select(Shown);

    public IEnumerable<object?> Values => _items.Values;

    public IEnumerable<(object? Key, object? Value)> Items => _items.Select(item => (Shown(item.Key), item.Value));

    /// <summary>By key, then by value; kinds that have no order among them by the names of their types.</summary>
    public IEnumerable<(object? Key, object? Value)> SortedItems(RenderContext context) => Items.OrderBy(
        item => item,
        Comparer<(object? Key, object? Value)>.Create((left, right) =>
            Python.CompareAny(context, left.Key, right.Key) is not 0 and var order ? order : Python.CompareAny(context, left.Value, right.Value)));

    public void Set(object? key, object? value) => _items[Hashed(key)] = value;

    public bool TryGet(object? key, out object? value) => _items.TryGetValue(Hashed(key), out value);

    private static object? Shown(object key) => ReferenceEquals(key, NoneKey) ? null : key;

    private static object Hashed(object? key) => key switch
    {
        null => NoneKey,
        TemplateList or TemplateDict => throw new TemplateFault($"unhashable type: '{PythonType.NameOf(key)}'"),
        _ => key,
    };

    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        public new bool Equals(object? left, object? right) => Plain(left!).Equals(Plain(right!));

        public int GetHashCode(object key) => Plain(key).GetHashCode();

        private static object Plain(object key) => key switch
        {
            bool truth => truth ? 1L : 0L,
            double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
            _ => key,
        };
    }
}

/// <summary>A name or member that is not there: empty when printed, an error when worked with.</summary>
internal sealed class UndefinedValue(string message)
{
    public TemplateFault Fault() => new(message);
}

/// <summary>What <c>namespace(...)</c> makes: a set of names that inner scopes can assign to.</summary>
/// <param name="shown">What it prints as; null: its names and values.</param>
internal sealed class NamespaceValue(string? shown = null)
{
    public string? Shown { get; } = shown;

    public Dictionary<string, object?> Members { get; } = [];
}

/// <summary>Anything that can be called: macros, global functions, methods.</summary>
internal sealed class TemplateFunction(string name, Func<RenderContext, Arguments, object?> call, NamespaceValue? members = null)
{
    /// <summary>What it has beside being callable, as <c>loop</c> in a recursive loop; null where it has nothing.</summary>
    public NamespaceValue? Members { get; } = members;

    public string Name { get; } = name;

    public object? Call(RenderContext context, Arguments arguments) => call(context, arguments);
}
