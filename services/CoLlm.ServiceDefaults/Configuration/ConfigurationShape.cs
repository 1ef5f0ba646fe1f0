using System.Collections;
using System.ComponentModel;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace CoLlm.ServiceDefaults.Configuration;

/// <summary>Holds configuration keys and values against the type they will be bound to: a misspelt key must not be silently ignored.</summary>
internal static class ConfigurationShape
{
    /// <summary>A sentence for every key that <paramref name="type"/> does not have and every value that does not convert.</summary>
    public static IEnumerable<string> Check(IConfiguration configuration, Type type)
    {
        foreach (IConfigurationSection section in configuration.GetChildren())
        {
            PropertyInfo? property = Array.Find(
                type.GetProperties(), property => property.Name.Equals(section.Key, StringComparison.OrdinalIgnoreCase) && property.CanWrite);
            IEnumerable<string> errors = property is null
                ? [$"{section.Path} is not a setting; {Place(section)} has {string.Join(", ", Names(type))}."]
                : CheckValue(section, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
            foreach (string error in errors)
                yield return error;
        }
    }

    private static IEnumerable<string> CheckValue(IConfigurationSection section, Type type)
    {
        if (ElementType(type) is { } element)
            return section.GetChildren().SelectMany(child => CheckValue(child, element));
        TypeConverter converter = TypeDescriptor.GetConverter(type);
        if (!converter.CanConvertFrom(typeof(string)))
            return section.Value is { Length: > 0 } ? [$"{section.Path} is \"{section.Value}\", but it has settings of its own."] : Check(section, type);
        if (section.Value is null)
            return section.GetChildren().Any() ? [$"{section.Path} takes one value of type {type.Name}, not an object or a list."] : [];
        return Converts(section.Value, type, converter) ? [] : [$"{section.Path} is \"{section.Value}\", which is not {Kind(type)}."];
    }

    // The binder ignores the case of enum names; their converter does not.
    private static bool Converts(string value, Type type, TypeConverter converter) =>
        type.IsEnum ? Enum.TryParse(type, value, ignoreCase: true, out object? parsed) && Enum.IsDefined(type, parsed) : converter.IsValid(value);

    private static Type? ElementType(Type type)
    {
        if (type == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(type))
            return null;
        return type.IsArray ? type.GetElementType() : type.GetGenericArguments()[^1];
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => $"one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(TimeSpan) => "a duration such as 00:00:20",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) || type == typeof(long) => "a whole number in range",
        _ => $"a {type.Name}",
    };

    private static string Place(IConfigurationSection section)
    {
        int end = section.Path.LastIndexOf(':');
        return end < 0 ? "the file" : section.Path[..end];
    }

    private static IEnumerable<string> Names(Type type) => type.GetProperties().Where(property => property.CanWrite).Select(property => property.Name);
}
