using System.Text.Json;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Models;

/// <summary>One JSON object of a configuration file, read key by key; every complaint names the file and the key.</summary>
internal readonly struct ConfigSection(JsonElement element, string file, string path = "")
{
    /// <exception cref="CheckpointException">The document is not an object.</exception>
    public static ConfigSection Root(JsonDocument document, string file) => document.RootElement.ValueKind == JsonValueKind.Object
        ? new ConfigSection(document.RootElement, file)
        : throw new CheckpointException($"{file}: it is not a JSON object.");

    public bool Has(string key) => TryGet(key, out _);

    /// <summary>The key is there and says null, which some settings tell apart from absence.</summary>
    public bool IsExplicitNull(string key) => element.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>A whole number from 1 to <paramref name="most"/>.</summary>
    public int Count(string key, int most) => OptionalCount(key, most) ?? throw Broken(key, "is missing");

    /// <summary>As <see cref="Count"/>; null where the key is absent or null.</summary>
    public int? OptionalCount(string key, int most)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number) || number < 1 || number > most)
            throw Broken(key, $"is not a whole number from 1 to {most}");
        return number;
    }

    /// <summary>A whole number from 0 up; null where the key is absent or null.</summary>
    public int? OptionalIndex(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number) || number < 0)
            throw Broken(key, "is not a whole number from 0 up");
        return number;
    }

    /// <summary>A positive finite number; null where the key is absent or null.</summary>
    public double? OptionalPositive(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !(number > 0) || !double.IsFinite(number))
            throw Broken(key, "is not a positive number");
        return number;
    }

    public double Positive(string key) => OptionalPositive(key) ?? throw Broken(key, "is missing");

    public bool Flag(string key, bool otherwise)
    {
        if (!TryGet(key, out JsonElement value))
            return otherwise;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Broken(key, "is neither true nor false"),
        };
    }

    public string? OptionalText(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.String ? Text(key, value) : throw Broken(key, "is not a text");
    }

    /// <summary>A list of texts; null where the key is absent or null.</summary>
    public IReadOnlyList<string>? OptionalTexts(string key)
    {
        if (!TryGet(key, out JsonElement list))
            return null;
        if (list.ValueKind != JsonValueKind.Array)
            throw Broken(key, "is not a list of texts");
        List<string> texts = [];
        foreach (JsonElement item in list.EnumerateArray())
            texts.Add(item.ValueKind == JsonValueKind.String ? Text(key, item) : throw Broken(key, "is not a list of texts"));
        return texts;
    }

    /// <summary>One token id or a list of them, each below <paramref name="vocabularySize"/>; empty where the key is absent or null.</summary>
    public IReadOnlyList<int> TokenIds(string key, int vocabularySize)
    {
        if (!TryGet(key, out JsonElement value))
            return [];
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        List<int> ids = [];
        foreach (JsonElement item in items)
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int id) || id < 0 || id >= vocabularySize)
                throw Broken(key, $"holds something that is no token id from 0 to {vocabularySize - 1}");
            ids.Add(id);
        }

        return ids;
    }

    /// <summary>A nested object; null where the key is absent or null.</summary>
    public ConfigSection? OptionalSection(string key)
    {
        if (!TryGet(key, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.Object
            ? new ConfigSection(value, file, path + key + ".")
            : throw Broken(key, "is not an object");
    }

    public CheckpointException Broken(string key, string what) => new($"{file}: '{path}{key}' {what}.");

    private string Text(string key, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Broken(key, "is not valid Unicode");
        }
    }

    private bool TryGet(string key, out JsonElement value) =>
        element.TryGetProperty(key, out value) && value.ValueKind != JsonValueKind.Null;
}
