using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary><c>{% macro name(a, b=c) %}</c>: a callable that returns the text of its body.</summary>
internal sealed class MacroStatement(int line, string name, List<(string Name, Expression? Default)> parameters, List<Statement> body)
    : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        context.Assign(name, ToFunction(context.Scope));
        return Flow.Next;
    }

    /// <summary>The macro as a value that sees the names of <paramref name="scope"/>.</summary>
    public TemplateFunction ToFunction(Scope scope) => new(name, (context, arguments) =>
        context.Nested(() => context.InScope(scope, () =>
        {
            Bind(context, arguments);
            return context.Capture(() => ExecuteAll(context, body));
        })));

    private void Bind(RenderContext context, Arguments arguments)
    {
        for (int index = 0; index < parameters.Count; index++)
        {
            (string parameter, Expression? defaultValue) = parameters[index];
            object? value = index < arguments.Positional.Count || arguments.Named.ContainsKey(parameter)
                ? arguments.Get(index, parameter, null)
                : defaultValue is null
                    ? new UndefinedValue($"parameter '{parameter}' was not provided")
                    : defaultValue.Evaluate(context);
            context.Assign(parameter, value);
        }

        HashSet<string> known = [.. parameters.Select(parameter => parameter.Name)];
        var rest = new TemplateDict();
        foreach ((string key, object? value) in arguments.Named.Where(argument => !known.Contains(argument.Key)))
        {
            if (key == "caller")
                context.Assign("caller", value);
            else
                rest.Set(key, value);
        }

        context.Assign("kwargs", rest);
        context.Assign("varargs", new TemplateList([.. arguments.Positional.Skip(parameters.Count)], isTuple: true));
    }
}

/// <summary><c>{% call(a) f(b) %}</c>: calls f with the block as its <c>caller</c>.</summary>
internal sealed class CallStatement(int line, MacroStatement caller, Expression callee, ArgumentList arguments) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        if (callee.Evaluate(context) is not TemplateFunction function)
            throw new TemplateFault("what a call block calls is not callable");
        Arguments values = arguments.Evaluate(context, function.Name);
        values.Named["caller"] = caller.ToFunction(context.Scope);
        context.Write(PythonText.Str(context, function.Call(context, values)));
        return Flow.Next;
    }
}
