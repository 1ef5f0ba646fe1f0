using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary>
/// <c>{% for %}</c> with its optional filter and <c>else</c>; every iteration has a scope of its own. In a recursive one
/// <c>loop(items)</c> is the text of the same loop over other items.
/// </summary>
internal sealed class ForStatement(
    int line, AssignmentTarget target, Expression items, Expression? condition, List<Statement> body, List<Statement> otherwise, bool isRecursive)
    : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        Run(context, items.Evaluate(context), context.Scope, depth: 0);
        return Flow.Next;
    }

    private void Run(RenderContext context, object? over, Scope outer, int depth)
    {
        List<object?> all = Items(context, over, outer);
        if (all.Count == 0)
        {
            context.InScope(outer, () => ExecuteAll(context, otherwise));
            return;
        }

        var loop = new LoopValue(all, depth);
        Func<RenderContext, Arguments, object?>? again = isRecursive
            ? (inner, arguments) => inner.Nested(() => inner.Capture(() => Run(inner, arguments.Required(0, "iterable"), outer, depth + 1)))
            : null;
        bool isBroken = false;
        for (int index = 0; index < all.Count && !isBroken; index++)
        {
            context.CountIteration();
            isBroken = context.InScope(outer, () =>
            {
                target.Assign(context, all[index]);
                NamespaceValue members = loop.At(index);
                context.Assign("loop", again is null ? members : new TemplateFunction("loop", again, members));
                return ExecuteAll(context, body);
            }) == Flow.Break;
        }
    }

    private List<object?> Items(RenderContext context, object? over, Scope outer)
    {
        List<object?> all = [.. Python.Iterate(over)];
        context.Work(all.Count);
        if (condition is null)
            return all;
        return [.. all.Where(item => context.InScope(outer, () =>
        {
            context.CountIteration();
            target.Assign(context, item);
            return Python.IsTrue(condition.Evaluate(context));
        }))];
    }
}
