using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary>What a value is assigned to.</summary>
internal abstract class AssignmentTarget
{
    public abstract void Assign(RenderContext context, object? value);
}

/// <summary>A name in the current scope.</summary>
internal sealed class NameTarget(string name) : AssignmentTarget
{
    public override void Assign(RenderContext context, object? value) => context.Assign(name, value);
}

/// <summary><c>name.member</c> of a namespace.</summary>
internal sealed class NamespaceTarget(string name, string member) : AssignmentTarget
{
    public override void Assign(RenderContext context, object? value)
    {
        if (context.Lookup(name) is not NamespaceValue space)
            throw new TemplateFault("cannot assign attribute on non-namespace object");
        space.Members[member] = value;
    }
}

/// <summary><c>a, b</c>: takes a value apart.</summary>
internal sealed class TupleTarget(List<AssignmentTarget> targets) : AssignmentTarget
{
    public override void Assign(RenderContext context, object? value)
    {
        object?[] items = [.. Python.Iterate(value).Take(targets.Count + 1)];
        if (items.Length < targets.Count)
            throw new TemplateFault($"not enough values to unpack (expected {targets.Count}, got {items.Length})");
        if (items.Length > targets.Count)
            throw new TemplateFault($"too many values to unpack (expected {targets.Count})");
        for (int index = 0; index < items.Length; index++)
            targets[index].Assign(context, items[index]);
    }
}

/// <summary><c>{% set a = b %}</c></summary>
internal sealed class SetStatement(int line, AssignmentTarget target, Expression value) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        target.Assign(context, value.Evaluate(context));
        return Flow.Next;
    }
}

/// <summary><c>{% set a %}text{% endset %}</c>, possibly through filters.</summary>
internal sealed class SetBlockStatement(int line, AssignmentTarget target, List<FilterCall> filters, List<Statement> body) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        object? value = context.InScope(context.Scope, () => context.Capture(() => ExecuteAll(context, body)));
        foreach (FilterCall filter in filters)
            value = filter.Apply(context, value);
        target.Assign(context, value);
        return Flow.Next;
    }
}
