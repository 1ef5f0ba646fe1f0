using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary><c>{% for %}</c> with its optional filter and <c>else</c>; every iteration has a scope of its own.</summary>
internal sealed class ForStatement(
    int line, AssignmentTarget target, Expression items, Expression? condition, List<Statement> body, List<Statement> otherwise)
    : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        List<object?> all = Items(context);
        if (all.Count == 0)
        {
            context.InScope(context.Scope, () => ExecuteAll(context, otherwise));
            return Flow.Next;
        }

        var loop = new LoopValue(all);
        Scope outer = context.Scope;
        bool isBroken = false;
        for (int index = 0; index < all.Count && !isBroken; index++)
        {
            context.CountIteration();
            isBroken = context.InScope(outer, () =>
            {
                target.Assign(context, all[index]);
                context.Assign("loop", loop.At(index));
                return ExecuteAll(context, body);
            }) == Flow.Break;
        }

        return Flow.Next;
    }

    private List<object?> Items(RenderContext context)
    {
        List<object?> all = [.. Python.Iterate(items.Evaluate(context))];
        context.Work(all.Count);
        if (condition is null)
            return all;
        return [.. all.Where(item => context.InScope(context.Scope, () =>
        {
            context.CountIteration();
            target.Assign(context, item);
            return Python.IsTrue(condition.Evaluate(context));
        }))];
    }
}
