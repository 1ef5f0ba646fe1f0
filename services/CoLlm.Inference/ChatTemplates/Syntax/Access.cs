using CoLlm.Inference.ChatTemplates.Builtins;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary><c>a.b</c>: a method of a's type, else a member.</summary>
internal sealed class Member(int line, Expression target, string name) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = target.Evaluate(context);
        context.Line = Line;
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (Methods.Find(value, name) is { } method)
            return method;
        if (TryGet(value, name, out object? member))
            return member;
        return new UndefinedValue($"'{PythonType.ObjectName(value)}' has no attribute '{name}'");
    }

    public static bool TryGet(object? value, string name, out object? member)
    {
        member = null;
        return value switch
        {
            TemplateDict dict => dict.TryGet(name, out member),
            NamespaceValue space => space.Members.TryGetValue(name, out member),
            TemplateFunction { Members: { } space } => space.Members.TryGetValue(name, out member),
            TemplateList list when Array.IndexOf(list.Names, name) is >= 0 and var index => (member = list.Items[index]) is var _,
            _ => false,
        };
    }
}

/// <summary><c>a[b]</c>: an item, else a method of that name.</summary>
internal sealed class Subscript(int line, Expression target, Expression index) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = target.Evaluate(context);
        object? key = index.Evaluate(context);
        context.Line = Line;
        return Get(context, value, key);
    }

    public static object? Get(RenderContext context, object? value, object? key)
    {
        switch (value)
        {
            case UndefinedValue undefined:
                throw undefined.Fault();
            case TemplateDict dict when dict.TryGet(key, out object? found):
                return found;
            case TemplateList list when key is long or bool && Position(key, list.Items.Count) is { } position:
                return list.Items[position];
            case string text when key is long or bool && Position(key, PythonText.CountCodePoints(text)) is { } position:
                context.Work(text.Length);
                int offset = PythonText.OffsetOf(text, position);
                return Markup.Keep(context, text, text.Substring(offset, char.IsHighSurrogate(text[offset]) ? 2 : 1));
        }

        if (key is string name)
        {
            if (Methods.Find(value, name) is { } method)
                return method;
            if (Member.TryGet(value, name, out object? member))
                return member;
            return new UndefinedValue($"'{PythonType.ObjectName(value)}' has no attribute '{name}'");
        }

        return new UndefinedValue($"{PythonType.ObjectName(value)} has no element {PythonText.Repr(context, key)}");
    }

    private static int? Position(object key, int count)
    {
        long index = Python.AsInteger(key, "an index");
        long position = index < 0 ? index + count : index;
        return position >= 0 && position < count ? (int)position : null;
    }
}

/// <summary><c>a[start:stop:step]</c></summary>
internal sealed class Slice(int line, Expression target, Expression? start, Expression? stop, Expression? step) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = target.Evaluate(context);
        long? from = Bound(context, start);
        long? to = Bound(context, stop);
        long by = Bound(context, step) ?? 1;
        context.Line = Line;
        switch (value)
        {
            case TemplateList list:
                return new TemplateList(Take(context, list.Items, from, to, by), list.IsTuple);
            case string text:
                context.Work(text.Length);
                return Markup.Keep(context, text, string.Concat(Take(context, [.. Python.Iterate(text)], from, to, by)));
            case UndefinedValue undefined:
                throw undefined.Fault();
            default:
                throw new TemplateFault($"'{PythonType.NameOf(value)}' object cannot be sliced");
        }
    }

    private static long? Bound(RenderContext context, Expression? bound) =>
        bound?.Evaluate(context) is { } value ? Python.AsInteger(value, "a slice bound") : null;

    private static List<object?> Take(RenderContext context, List<object?> items, long? start, long? stop, long step)
    {
        if (step == 0)
            throw new TemplateFault("slice step cannot be zero");
        long count = items.Count;
        (long lowest, long highest) = step > 0 ? (0L, count) : (-1L, count - 1);
        long from = start is { } given ? Math.Clamp(given < 0 ? given + count : given, lowest, highest) : step > 0 ? 0 : highest;
        long to = stop is { } limit ? Math.Clamp(limit < 0 ? limit + count : limit, lowest, highest) : step > 0 ? highest : -1;
        List<object?> taken = [];
        for (long at = from; step > 0 ? at < to : at > to; at += Math.Clamp(step, -count - 1, count + 1))
            taken.Add(items[(int)at]);
        context.Work(taken.Count);
        return taken;
    }
}
