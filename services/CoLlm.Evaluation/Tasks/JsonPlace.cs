using System.Text.Json;

namespace CoLlm.Evaluation.Tasks;

/// <summary>An object of an input file together with where it stands; whatever is missing or of the wrong kind is a sentence naming that.</summary>
internal readonly record struct JsonPlace(JsonElement Value, string Where)
{
    public string RequiredText(string name) => Text(name) ?? throw Problem($"lacks '{name}'");

    /// <summary>A text that is not blank; null where the field is absent or null.</summary>
    public string? Text(string name)
    {
        if (Member(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String && TextOf(value) is { } text && !string.IsNullOrWhiteSpace(text)
            ? text
            : throw Problem($"has '{name}' that is not a text, or blank");
    }

    /// <summary>An array of texts, none blank; null where the field is absent or null.</summary>
    public IReadOnlyList<string>? Texts(string name) => Member(name) is { } value ? Texts(value, name) : null;

    /// <summary>An array of texts or of arrays of texts, each text standing for an array of itself.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Alternatives(string name)
    {
        JsonElement value = Member(name) ?? throw Problem($"lacks '{name}'");
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
            throw Problem($"has '{name}' that is not a list with at least one entry");
        JsonPlace self = this;
        return [.. value.EnumerateArray().Select(entry =>
            entry.ValueKind == JsonValueKind.Array ? self.Texts(entry, name) : [self.NotBlank(entry, name)])];
    }

    public JsonElement? Member(string name) =>
        Value.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null ? member : null;

    public EvaluationException Problem(string what) => new($"{Where} {what}.");

    private string[] Texts(JsonElement array, string name)
    {
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() == 0)
            throw Problem($"has '{name}' that is not a list with at least one text");
        JsonPlace self = this;
        return [.. array.EnumerateArray().Select(entry => self.NotBlank(entry, name))];
    }

    private string NotBlank(JsonElement entry, string name) =>
        entry.ValueKind == JsonValueKind.String && TextOf(entry) is { } text && text.Length > 0
            ? text
            : throw Problem($"has '{name}' with an entry that is not a text, or empty");

    /// <summary>Null for a surrogate escape without its other half.</summary>
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
