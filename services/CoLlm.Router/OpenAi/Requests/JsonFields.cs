using System.Text.Json;
using CoLlm.Router.Api;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>The fields of one JSON object, each read as what it must be; null counts as absent.</summary>
/// <param name="Element">The object.</param>
/// <param name="Path">What its fields' names are preceded by in refusals, such as <c>collm.</c>.</param>
internal readonly record struct JsonFields(JsonElement Element, string Path)
{
    private const int LongestQuote = 60;

    /// <exception cref="RequestRefusedException">It is no object.</exception>
    public static JsonFields Of(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object
        ? new JsonFields(element, name.Length == 0 ? "" : name + ".")
        : throw Refuse(name, $"{(name.Length == 0 ? "The request" : name)} must be a JSON object.");

    /// <summary>Null where it is absent.</summary>
    public JsonElement? Find(string name) => Element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Find(name) is { } value ? TextOf(value, Path + name) : null;

    public bool Flag(string name) => Find(name) is { } value && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refuse(Path + name, $"{Path}{name} is {Quote(value)}; it must be true or false."),
    };

    public int? Integer(string name, int least, int most = int.MaxValue)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most)
            return number;
        string bounds = most == int.MaxValue ? $"{least} or more" : $"{least} to {most}";
        throw Refuse(Path + name, $"{Path}{name} is {Quote(value)}; it must be a whole number of {bounds}.");
    }

    public float? Number(string name)
    {
        if (Find(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out float number) && float.IsFinite(number)
            ? number
            : throw Refuse(Path + name, $"{Path}{name} is {Quote(value)}; it must be a number.");
    }

    /// <summary>One text or a list of them; empty where it is absent.</summary>
    public string[] Texts(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => Items(list, Path + name, TextOf),
        { } value => [TextOf(value, Path + name)],
    };

    /// <summary>Token ids.</summary>
    public int[] Ids(string name) => Find(name) is { } list ? IdsOf(list, Path + name) : [];

    /// <exception cref="RequestRefusedException">A field has a name that is none of these.</exception>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach (JsonProperty field in Element.EnumerateObject())
        {
            if (!names.Contains(field.Name))
                throw Refuse($"{Path}{Shortened(field.Name)}", $"{Path}{Shortened(field.Name)} is not known; there are {string.Join(", ", names!)}.");
        }
    }

    public static int[] IdsOf(JsonElement list, string name) => list.ValueKind == JsonValueKind.Array
        ? Items(list, name, (item, place) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id)
            ? id
            : throw Refuse(name, $"{place} is {Quote(item)}; token ids are whole numbers."))
        : throw Refuse(name, $"{name} is {Quote(list)}; it must be a list of token ids.");

    public static string TextOf(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Refuse(name, $"{name} is {Quote(value)}; it must be text.");

    public static T[] Items<T>(JsonElement list, string name, Func<JsonElement, string, T> read)
    {
        var items = new T[list.GetArrayLength()];
        foreach ((int index, JsonElement item) in list.EnumerateArray().Index())
            items[index] = read(item, $"{name}[{index}]");
        return items;
    }

    /// <summary>A value as it was written, not too much of it.</summary>
    public static string Quote(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => Shortened(value.GetRawText()),
    };

    public static RequestRefusedException Refuse(string parameter, string sentence) =>
        new(Protocol.V1.FailureReason.InvalidParameter, sentence) { Parameter = parameter.Length > 0 ? parameter : null };

    private static string Shortened(string text) => text.Length <= LongestQuote ? text : text[..LongestQuote] + "...";
}
