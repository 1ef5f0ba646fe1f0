using System.Runtime.CompilerServices;
using System.Text;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates;

/// <summary>One rendering in progress: names in scope, the text so far, the current line and what is left of the bounds.</summary>
internal sealed class RenderContext(TemplateLimits limits, TimeProvider time)
{
    /// <summary>What remembering one text takes beside its characters, in characters.</summary>
    private const int MarkupOverhead = 32;

    private readonly HashSet<string> _markup = new(ReferenceEqualityComparer.Instance);
    private Scope _scope = new(null);
    private StringBuilder _output = new();
    private long _work;
    private long _iterations;
    private long _markupLength;
    private int _depth;

    /// <summary>Line of what is being evaluated.</summary>
    public int Line { get; set; } = 1;

    public TimeProvider Time { get; } = time;

    public Scope Scope => _scope;

    public string Output => _output.ToString();

    public void Write(string text)
    {
        CheckSize(_output.Length + (long)text.Length);
        Work(text.Length / 8);
        _output.Append(text);
    }

    public object? Lookup(string name) =>
        _scope.TryGet(name, out object? value) ? value : new UndefinedValue($"'{name}' is undefined");

    public void Assign(string name, object? value) => _scope.Names[name] = value;

    /// <summary>Runs <paramref name="body"/> with a scope of its own inside <paramref name="parent"/>.</summary>
    public T InScope<T>(Scope parent, Func<T> body)
    {
        Scope outer = _scope;
        _scope = new Scope(parent);
        try
        {
            return body();
        }
        finally
        {
            _scope = outer;
        }
    }

    /// <summary>Runs <paramref name="body"/> and returns what it wrote instead of writing it.</summary>
    public string Capture(Action body)
    {
        StringBuilder outer = _output;
        _output = new StringBuilder();
        try
        {
            body();
            return _output.ToString();
        }
        finally
        {
            _output = outer;
        }
    }

    /// <summary>Whether this very string was given by <see cref="AsMarkup"/>.</summary>
    public bool IsMarkup(object? value) => value is string text && _markup.Contains(text);

    /// <summary>A copy of <paramref name="text"/> that counts as HTML, which is kept until the rendering ends; the empty text never does.</summary>
    public string AsMarkup(string text)
    {
        Work(text.Length);
        var copy = new string(text.AsSpan());
        if (copy.Length == 0)
            return copy;
        _markupLength += copy.Length + MarkupOverhead;
        if (_markupLength > limits.MaxOutputLength)
            throw new TemplateFault($"texts that count as HTML are longer together than the bound of {limits.MaxOutputLength} characters");
        _markup.Add(copy);
        return copy;
    }

    /// <summary>Counts a call that may call again.</summary>
    public T Nested<T>(Func<T> body)
    {
        if (++_depth > limits.MaxCallDepth)
            throw new TemplateFault($"calls are nested deeper than the bound of {limits.MaxCallDepth}");
        CheckStack();
        T result = body();
        _depth--;
        return result;
    }

    public static void CheckStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateFault("the template is nested too deeply to be evaluated");
    }

    public void CountIteration()
    {
        if (++_iterations > limits.MaxIterations)
            throw new TemplateFault($"loops run more often than the bound of {limits.MaxIterations} times");
    }

    /// <summary>Counts work: one unit per operation, and per character or item that it touches.</summary>
    public void Work(long units)
    {
        _work += units;
        if (_work > limits.MaxWork)
            throw new TemplateFault($"the template does more work than the bound of {limits.MaxWork} operations");
    }

    /// <summary>Checks the length of a text or list before it is made.</summary>
    public void CheckSize(long length)
    {
        if (length > limits.MaxOutputLength)
            throw new TemplateFault($"a text or list grows beyond the bound of {limits.MaxOutputLength}");
    }
}

/// <summary>Names and, where a name is missing, the scope around them.</summary>
internal sealed class Scope(Scope? parent)
{
    public Dictionary<string, object?> Names { get; } = [];

    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope.Names.TryGetValue(name, out value))
                return true;
        }

        value = null;
        return false;
    }

    private Scope? Parent { get; } = parent;
}
