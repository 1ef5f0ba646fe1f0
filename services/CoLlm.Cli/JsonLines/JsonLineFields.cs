using System.Text.Json;

namespace CoLlm.Cli.JsonLines;

/// <summary>Reads the named fields of one input line; what is missing or of the wrong kind is a <see cref="JsonLineException"/>.</summary>
internal static class JsonLineFields
{
    public static string RequiredString(this JsonElement line, string name)
    {
        JsonElement value = Required(line, name);
        if (value.ValueKind != JsonValueKind.String)
            throw new JsonLineException($"Field \"{name}\" must be a string, not {NameOf(value)}.");
        return Text(value, $"Field \"{name}\"");
    }

    public static bool OptionalBoolean(this JsonElement line, string name, bool otherwise)
    {
        if (!line.TryGetProperty(name, out JsonElement value))
            return otherwise;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new JsonLineException($"Field \"{name}\" must be true or false, not {NameOf(value)}."),
        };
    }

    /// <summary>An array of token ids. Whether they are in the vocabulary is for the caller to check.</summary>
    public static int[] RequiredTokenIds(this JsonElement line, string name)
    {
        JsonElement value = Required(line, name);
        if (value.ValueKind != JsonValueKind.Array)
            throw new JsonLineException($"Field \"{name}\" must be an array of token ids, not {NameOf(value)}.");
        var ids = new int[value.GetArrayLength()];
        int position = 0;
        foreach (JsonElement element in value.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt32(out ids[position]))
                throw new JsonLineException($"Entry {position} of field \"{name}\" is not a 32-bit integer.");
            position++;
        }

        return ids;
    }

    /// <summary>The string's text; a surrogate escape without its other half is refused, because no UTF-8 text can hold it.</summary>
    public static string Text(JsonElement value, string place)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new JsonLineException($"{place} holds a surrogate escape without its other half, or bytes that are not UTF-8.");
        }
    }

    private static JsonElement Required(JsonElement line, string name) =>
        line.TryGetProperty(name, out JsonElement value) ? value : throw new JsonLineException($"Field \"{name}\" is missing.");

    private static string NameOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };
}
