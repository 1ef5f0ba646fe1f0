using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary>What a macro takes beside its parameters.</summary>
/// <param name="Caller">The block of a <c>{% call %}</c>.</param>
/// <param name="Named">Named arguments that are no parameters, as <c>kwargs</c>.</param>
/// <param name="Positional">Arguments beyond the last parameter, as <c>varargs</c>.</param>
internal readonly record struct MacroCatches(bool Caller, bool Named, bool Positional);

/// <summary><c>{% macro name(a, b=c) %}</c>: a callable that returns the text of its body. The block of a call has no name.</summary>
internal sealed class MacroStatement(
    int line, string? name, List<(string Name, Expression? Default)> parameters, List<Statement> body, MacroCatches catches)
    : Statement(line)
{
    private readonly bool _hasCallerParameter = parameters.Exists(parameter => parameter.Name == "caller");

    private string Quoted => name is null ? "None" : $"'{name}'";

    public override Flow Execute(RenderContext context)
    {
        context.Assign(name!, ToFunction(context.Scope));
        return Flow.Next;
    }

    /// <summary>The macro as a value that sees the names of <paramref name="scope"/>.</summary>
    public TemplateFunction ToFunction(Scope scope) => new(
        name ?? "caller",
        (context, arguments) => context.Nested(() => context.InScope(scope, () =>
        {
            Bind(context, arguments);
            return context.Capture(() => ExecuteAll(context, body));
        })),
        Members());

    private NamespaceValue Members()
    {
        var members = new NamespaceValue($"<Macro {(name is null ? "anonymous" : Quoted)}>");
        members.Members["name"] = name;
        members.Members["arguments"] = new TemplateList([.. parameters.Select(parameter => parameter.Name)], isTuple: true);
        members.Members["catch_kwargs"] = catches.Named;
        members.Members["catch_varargs"] = catches.Positional;
        members.Members["caller"] = catches.Caller;
        members.Members["explicit_caller"] = _hasCallerParameter;
        return members;
    }

    private void Bind(RenderContext context, Arguments arguments)
    {
        var named = new Dictionary<string, object?>(arguments.Named);
        List<Expression?> defaults = [];
        bool isCallerTaken = arguments.Positional.Count >= parameters.Count && _hasCallerParameter;
        for (int index = 0; index < parameters.Count; index++)
        {
            string parameter = parameters[index].Name;
            bool isGiven = index < arguments.Positional.Count;
            object? value = isGiven ? arguments.Positional[index] : null;
            if (!isGiven)
                isCallerTaken |= parameter == "caller";
            bool isMissing = !isGiven && !named.Remove(parameter, out value);
            defaults.Add(isMissing ? parameters[index].Default : null);
            context.Assign(parameter, isMissing ? new UndefinedValue($"parameter '{parameter}' was not provided") : value);
        }

        if (catches.Caller && !isCallerTaken)
            context.Assign("caller", named.Remove("caller", out object? caller) && caller is not null ? caller : new UndefinedValue("No caller defined"));
        BindRest(context, arguments, named);
        for (int index = 0; index < parameters.Count; index++)
        {
            if (defaults[index] is { } expression)
                context.Assign(parameters[index].Name, expression.Evaluate(context));
        }
    }

    private void BindRest(RenderContext context, Arguments arguments, Dictionary<string, object?> named)
    {
        if (!catches.Named && named.ContainsKey("caller"))
            throw new TemplateFault($"macro {Quoted} was invoked with two values for the special caller argument");
        if (!catches.Named && named.Count > 0)
            throw new TemplateFault($"macro {Quoted} takes no keyword argument '{named.Keys.First()}'");
        if (!catches.Positional && arguments.Positional.Count > parameters.Count)
            throw new TemplateFault($"macro {Quoted} takes not more than {parameters.Count} argument(s)");
        if (catches.Named)
        {
            var rest = new TemplateDict();
            foreach ((string key, object? value) in named)
                rest.Set(key, value);
            context.Assign("kwargs", rest);
        }

        if (catches.Positional)
            context.Assign("varargs", new TemplateList([.. arguments.Positional.Skip(parameters.Count)], isTuple: true));
    }
}

/// <summary><c>{% call(a) f(b) %}</c>: calls f with the block as its <c>caller</c>.</summary>
internal sealed class CallStatement(int line, MacroStatement caller, Call call) : Statement(line)
{
    public override Flow Execute(RenderContext context)
    {
        object? text = call.Invoke(context, arguments => arguments.Named["caller"] = caller.ToFunction(context.Scope));
        context.Write(PythonText.Str(context, text));
        return Flow.Next;
    }
}
