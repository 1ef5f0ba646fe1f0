using System.Globalization;
using System.Reflection;
using System.Text;

namespace CoLlm.Grpc.Tests.Surface;

/// <summary>Says in lines of text what an assembly lets others see.</summary>
internal static class ApiDescription
{
    /// <summary>A line for each type, and below it one, indented, for each of its members.</summary>
    public static IEnumerable<string> Of(Assembly assembly)
    {
        foreach (Type type in assembly.GetExportedTypes().OrderBy(NameOf, StringComparer.Ordinal))
        {
            yield return NameOf(type);

            // Generated from the proto file, which is the contract there.
            if (type.Namespace == "Grpc.Health.V1")
                continue;

            const BindingFlags declared =
                BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            IEnumerable<string> members = type.GetMembers(declared).Where(IsVisible).Select(member => "  " + Signature(member));
            foreach (string member in members.Order(StringComparer.Ordinal))
                yield return member;
        }
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase { IsSpecialName: true, Name: not ".ctor" } => false,
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily,
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisibleAccessor),
        EventInfo => true,
        _ => false,
    };

    private static bool IsVisibleAccessor(MethodInfo accessor) => accessor.IsPublic || accessor.IsFamily || accessor.IsFamilyOrAssembly;

    private static string Signature(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{NameOf(method.ReturnType)} {method.Name}{Arity(method)}({Parameters(method)})",
        PropertyInfo property => $"{NameOf(property.PropertyType)} {property.Name} {{ {Accessors(property)} }}",
        FieldInfo field => $"{NameOf(field.FieldType)} {field.Name}",
        _ => member.Name,
    };

    private static string Accessors(PropertyInfo property) => string.Join(
        ' ', property.GetAccessors(nonPublic: true).Where(IsVisibleAccessor).Select(accessor => accessor.Name[..3] + ";").Order(StringComparer.Ordinal));

    private static string Arity(MethodInfo method) => method.IsGenericMethod
        ? string.Create(CultureInfo.InvariantCulture, $"<{string.Join(", ", method.GetGenericArguments().Select(NameOf))}>")
        : "";

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => $"{NameOf(parameter.ParameterType)} {parameter.Name}"));

    private static string NameOf(Type type)
    {
        if (type.IsGenericParameter)
            return type.Name;

        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";

        StringBuilder name = new(type.IsNested ? NameOf(type.DeclaringType!) + "." : type.Namespace is "System" ? "" : type.Namespace + ".");
        name.Append(type.Name.Split('`')[0]);
        if (type.IsGenericType && !(type.IsNested && type.DeclaringType!.IsGenericType))
            name.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(NameOf)).Append('>');

        return name.ToString();
    }
}
