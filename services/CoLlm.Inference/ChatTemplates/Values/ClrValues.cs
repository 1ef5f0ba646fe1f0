using System.Collections;
using System.Text.Json;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Turns values of C# callers into template values.</summary>
internal static class ClrValues
{
    /// <exception cref="TemplateFault">The value is of a kind that templates do not know.</exception>
    public static object? From(object? value, int depth = 0)
    {
        Python.CheckNesting(depth);
        switch (value)
        {
            case null or bool or long or double:
                return value;
            case string text:
                return PythonText.WellFormed(text);
            case int number:
                return (long)number;
            case float number:
                return (double)number;
            case JsonElement element:
                return JsonValues.From(element, depth);
            case IReadOnlyDictionary<string, object?> members:
                var dict = new TemplateDict();
                foreach ((string key, object? member) in members)
                    dict.Set(PythonText.WellFormed(key), From(member, depth + 1));
                return dict;
            case IEnumerable items:
                return new TemplateList([.. items.Cast<object?>().Select(item => From(item, depth + 1))]);
            default:
                throw new TemplateFault($"a variable of type {value.GetType().Name} cannot be given to a template");
        }
    }
}
