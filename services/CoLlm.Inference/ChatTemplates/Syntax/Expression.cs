using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary>A node that has a value.</summary>
internal abstract class Expression(int line)
{
    public int Line { get; } = line;

    public object? Evaluate(RenderContext context)
    {
        context.Line = Line;
        context.Work(1);

        // Chains such as a + b + c nest to the left without the parser nesting, so their depth is bounded here alone.
        RenderContext.CheckStack();
        return EvaluateCore(context);
    }

    protected abstract object? EvaluateCore(RenderContext context);
}

/// <summary>A literal.</summary>
internal sealed class Constant(int line, object? value) : Expression(line)
{
    public object? Value { get; } = value;

    protected override object? EvaluateCore(RenderContext context) => Value;
}

/// <summary>A name.</summary>
internal sealed class Variable(int line, string name) : Expression(line)
{
    public string Name { get; } = name;

    protected override object? EvaluateCore(RenderContext context) => context.Lookup(Name);
}

/// <summary><c>[a, b]</c> or <c>(a, b)</c>.</summary>
internal sealed class ListLiteral(int line, List<Expression> items, bool isTuple) : Expression(line)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? EvaluateCore(RenderContext context) =>
        new TemplateList([.. items.Select(item => item.Evaluate(context))], isTuple);
}

/// <summary><c>{a: b}</c></summary>
internal sealed class DictLiteral(int line, List<(Expression Key, Expression Value)> items) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        var dict = new TemplateDict();
        foreach ((Expression key, Expression value) in items)
            dict.Set(key.Evaluate(context), value.Evaluate(context));
        return dict;
    }
}

/// <summary><c>a if b else c</c></summary>
internal sealed class Conditional(int line, Expression condition, Expression whenTrue, Expression? whenFalse) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        if (Python.IsTrue(condition.Evaluate(context)))
            return whenTrue.Evaluate(context);
        return whenFalse is null
            ? new UndefinedValue("the inline if-expression evaluated to false and no else section was defined")
            : whenFalse.Evaluate(context);
    }
}
