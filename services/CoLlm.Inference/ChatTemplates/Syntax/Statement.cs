using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary>What follows a statement.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A node that writes text or changes names.</summary>
internal abstract class Statement(int line)
{
    public int Line { get; } = line;

    public abstract Flow Execute(RenderContext context);

    public static Flow ExecuteAll(RenderContext context, IReadOnlyList<Statement> body)
    {
        RenderContext.CheckStack();
        foreach (Statement statement in body)
        {
            context.Line = statement.Line;
            context.Work(1);
            Flow flow = statement.Execute(context);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }
}

/// <summary>Text between tags.</summary>
internal sealed class TextStatement(int line, string text) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        context.Write(text);
        return Flow.Next;
    }
}

/// <summary><c>{{ value }}</c></summary>
internal sealed class PrintStatement(int line, Expression value) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        context.Write(PythonText.Str(context, value.Evaluate(context)));
        return Flow.Next;
    }
}

/// <summary><c>{% if %}</c> with its branches; the last one has no condition when it is <c>else</c>.</summary>
internal sealed class IfStatement(int line, List<(Expression? Condition, List<Statement> Body)> branches) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        foreach ((Expression? condition, List<Statement> body) in branches)
        {
            if (condition is null || Python.IsTrue(condition.Evaluate(context)))
                return ExecuteAll(context, body);
        }

        return Flow.Next;
    }
}

/// <summary><c>{% break %}</c> or <c>{% continue %}</c></summary>
internal sealed class JumpStatement(int line, Flow flow) : Statement(line)
{
    public override Flow Execute(RenderContext context) => flow;
}

/// <summary>A block that only holds others: <c>{% generation %}</c>, or <c>{% with %}</c>, which has a scope and first names.</summary>
internal sealed class BlockStatement(
    int line, List<(AssignmentTarget Target, Expression Value)>? names, List<Statement> body) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        if (names is null)
            return ExecuteAll(context, body);
        object?[] values = [.. names.Select(name => name.Value.Evaluate(context))];
        return context.InScope(context.Scope, () =>
        {
            foreach (((AssignmentTarget target, _), object? value) in names.Zip(values))
                target.Assign(context, value);
            return ExecuteAll(context, body);
        });
    }
}

/// <summary><c>{% filter name %}</c>: the text of the block goes through a filter.</summary>
internal sealed class FilterStatement(int line, List<FilterCall> filters, List<Statement> body) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        object? value = context.InScope(context.Scope, () => context.Capture(() => ExecuteAll(context, body)));
        foreach (FilterCall filter in filters)
            value = filter.Apply(context, value);
        context.Write(PythonText.Str(context, value));
        return Flow.Next;
    }
}
