using System.Numerics;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Python's names of the types, as its messages use them.</summary>
internal static class PythonType
{
    public static string NameOf(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        TemplateList { IsTuple: true } => "tuple",
        TemplateList => "list",
        TemplateDict => "dict",
        UndefinedValue => "Undefined",
        NamespaceValue => "Namespace",
        TemplateFunction => "function",
        _ => value.GetType().Name,
    };

    /// <summary>As messages about missing members write it.</summary>
    public static string ObjectName(object? value) => value is null ? "None" : NameOf(value) + " object";
}
