using CoLlm.Inference.ChatTemplates.Builtins;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary>The arguments as written in a call.</summary>
internal sealed class ArgumentList
{
    public static readonly ArgumentList Empty = new();

    public List<Expression> Positional { get; } = [];

    public List<(string Name, Expression Value)> Named { get; } = [];

    /// <summary><c>*list</c></summary>
    public Expression? Spread { get; set; }

    /// <summary><c>**dict</c></summary>
    public Expression? NamedSpread { get; set; }

    public Arguments Evaluate(RenderContext context, string callee)
    {
        List<object?> positional = [.. Positional.Select(argument => argument.Evaluate(context))];
        if (Spread is not null)
            positional.AddRange(Python.Iterate(Spread.Evaluate(context)));
        Dictionary<string, object?> named = [];
        foreach ((string name, Expression value) in Named)
            named[name] = value.Evaluate(context);
        if (NamedSpread is not null)
        {
            TemplateDict dict = NamedSpread.Evaluate(context) as TemplateDict
                ?? throw new TemplateFault($"{callee}() argument after ** must be a mapping");
            foreach ((object? key, object? value) in dict.Items)
                named[key as string ?? throw new TemplateFault("keywords must be strings")] = value;
        }

        return new Arguments(callee, positional, named);
    }
}

/// <summary><c>f(a, b=c)</c></summary>
internal sealed class Call(int line, Expression callee, ArgumentList arguments) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context) => Invoke(context, _ => { });

    /// <param name="context">The rendering.</param>
    /// <param name="complete">What is done to the arguments before they are given.</param>
    public object? Invoke(RenderContext context, Action<Arguments> complete)
    {
        object? function = callee.Evaluate(context);
        if (function is UndefinedValue undefined)
            throw undefined.Fault();
        if (function is not TemplateFunction callable)
            throw new TemplateFault($"'{PythonType.NameOf(function)}' object is not callable");
        Arguments values = arguments.Evaluate(context, callable.Name);
        complete(values);
        context.Line = Line;
        return callable.Call(context, values);
    }
}

/// <summary><c>a | filter(b)</c></summary>
internal sealed class FilterCall(int line, Expression? target, string name, ArgumentList arguments) : Expression(line)
{
    /// <summary>For <c>{% filter %}</c> and block assignments, whose target is the text of the block.</summary>
    public object? Apply(RenderContext context, object? value)
    {
        Arguments values = arguments.Evaluate(context, name);
        context.Line = Line;
        return Filters.Apply(context, name, value, values);
    }

    protected override object? EvaluateCore(RenderContext context) => Apply(context, target!.Evaluate(context));
}

/// <summary><c>a is test(b)</c></summary>
internal sealed class TestCall(int line, Expression target, string name, ArgumentList arguments) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = target.Evaluate(context);
        Arguments values = arguments.Evaluate(context, name);
        context.Line = Line;
        return Tests.Holds(context, name, value, values);
    }
}
