using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Turns JSON into template values; a number with a point or an exponent is a float, any other an integer.</summary>
internal static class JsonValues
{
    /// <exception cref="TemplateFault">A string is not valid text, or a number cannot be read.</exception>
    public static object? From(JsonElement element, int depth = 0)
    {
        Python.CheckNesting(depth);
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new TemplateDict();
                foreach (JsonProperty property in element.EnumerateObject())
                    dict.Set(NameOf(property), From(property.Value, depth + 1));
                return dict;
            case JsonValueKind.Array:
                return new TemplateList([.. element.EnumerateArray().Select(item => From(item, depth + 1))]);
            case JsonValueKind.String:
                return Text(element);
            case JsonValueKind.Number:
                return Number(element.GetRawText());
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                return null;
        }
    }

    private static object Number(string raw)
    {
        if (raw.AsSpan().ContainsAny('.', 'e', 'E'))
            return double.Parse(raw, CultureInfo.InvariantCulture);
        if (long.TryParse(raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            return number;
        const int MaxDigits = 4300;
        return raw.Length <= MaxDigits
            ? BigInteger.Parse(raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
            : throw new TemplateFault($"a number has more than {MaxDigits} digits");
    }

    private static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new TemplateFault("a string of the variables holds half a surrogate pair or bytes that are not UTF-8");
        }
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new TemplateFault("a name in the variables is not valid text");
        }
    }
}
