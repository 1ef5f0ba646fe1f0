using System.Numerics;
using CoLlm.Inference.ChatTemplates.Syntax;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>What can stand after <c>is</c>.</summary>
internal static class Tests
{
    public static bool Holds(RenderContext context, string name, object? value, Arguments arguments) => name switch
    {
        "defined" => value is not UndefinedValue,
        "undefined" => value is UndefinedValue,
        "none" => value is null,
        "string" => value is string,
        "mapping" => value is TemplateDict,
        "sequence" => value is TemplateList or TemplateDict or string or UndefinedValue,
        "iterable" => value is TemplateList or TemplateDict or string or UndefinedValue,
        "number" => Python.IsNumber(value),
        "integer" => value is long or BigInteger,
        "float" => value is double,
        "boolean" => value is bool,
        "true" => value is true,
        "false" => value is false,
        "callable" => value is TemplateFunction,
        "filter" => value is string filter && Filters.Has(filter),
        "test" => value is string test && Names.Contains(test),
        "odd" => Modulo(value, 2) == 1,
        "even" => Modulo(value, 2) == 0,
        "divisibleby" => Modulo(value, arguments.Integer(0, "num", 0)) == 0,
        "lower" => PythonText.Str(context, value) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        "upper" => PythonText.Str(context, value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        "sameas" => ReferenceEquals(value, Other(arguments)) || (value is not (TemplateList or TemplateDict) && Equals(value, Other(arguments))),
        "escaped" => context.IsMarkup(value),
        "eq" or "equalto" or "==" => Comparison.Holds(context, "==", value, Other(arguments)),
        "ne" or "!=" => Comparison.Holds(context, "!=", value, Other(arguments)),
        "lt" or "lessthan" or "<" => Comparison.Holds(context, "<", value, Other(arguments)),
        "le" or "<=" => Comparison.Holds(context, "<=", value, Other(arguments)),
        "gt" or "greaterthan" or ">" => Comparison.Holds(context, ">", value, Other(arguments)),
        "ge" or ">=" => Comparison.Holds(context, ">=", value, Other(arguments)),
        "in" => Python.Contains(context, Other(arguments), value),
        _ => throw new TemplateFault($"no test named '{name}'"),
    };

    private static readonly HashSet<string> Names =
    [
        "defined", "undefined", "none", "string", "mapping", "sequence", "iterable", "number", "integer", "float", "boolean", "true",
        "false", "callable", "filter", "test", "odd", "even", "divisibleby", "lower", "upper", "sameas", "escaped", "eq", "equalto",
        "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">=", "in",
    ];

    private static object? Other(Arguments arguments) => arguments.Required(0, "other");

    private static long Modulo(object? value, long divisor)
    {
        if (divisor == 0)
            throw new TemplateFault("integer division or modulo by zero");
        if (value is double real)
            return real == Math.Floor(real) ? Modulo((long)Math.Clamp(real, long.MinValue / 2, long.MaxValue / 2), divisor) : -1;
        long number = Python.AsInteger(value, "the tested value");
        return divisor == -1 ? 0 : ((number % divisor) + divisor) % divisor;
    }
}
