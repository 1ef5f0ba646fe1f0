using System.Text.Json;
using CoLlm.Router.Api;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>The fields of one JSON object, each read as what it must be; null counts as absent.</summary>
/// <param name="Element">The object.</param>
/// <param name="Place">Where it stands.</param>
internal readonly record struct JsonFields(JsonElement Element, JsonPlace Place)
{
    private const int LongestQuote = 60;

    /// <summary>What its fields' names are preceded by in refusals, such as <c>collm.</c>.</summary>
    public string Path => Place.Name.Length == 0 ? "" : $"{Place}.";

    /// <exception cref="RequestRefusedException">It is no object.</exception>
    public static JsonFields Of(JsonElement element, JsonPlace place) => element.ValueKind == JsonValueKind.Object
        ? new JsonFields(element, place)
        : throw Refuse(place.ToString(), $"{(place.Name.Length == 0 ? "The request" : place)} must be a JSON object.");

    /// <exception cref="RequestRefusedException">It is no object.</exception>
    public static JsonFields Of(JsonElement element, string name) => Of(element, new JsonPlace(name));

    /// <summary>Null where it is absent.</summary>
    public JsonElement? Find(string name) => Element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } value => TextOf(value, new JsonPlace(Path + name)),
    };

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
    public string[] Texts(string name, int most) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => Items(list, Path + name, TextOf, most),
        { } value => [TextOf(value, new JsonPlace(Path + name))],
    };

    /// <summary>Token ids.</summary>
    public int[] Ids(string name, int most) => Find(name) is { } list ? IdsOf(list, Path + name, most) : [];

    /// <exception cref="RequestRefusedException">A field has a name that is none of these.</exception>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach (JsonProperty field in Element.EnumerateObject())
        {
            if (!names.Contains(field.Name))
                throw Refuse($"{Path}{Shortened(field.Name)}", $"{Path}{Shortened(field.Name)} is not known; there are {string.Join(", ", names!)}.");
        }
    }

    public static int[] IdsOf(JsonElement list, string name, int most = int.MaxValue) => list.ValueKind == JsonValueKind.Array
        ? Items(list, name, (item, place) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id)
            ? id
            : throw Refuse(name, $"{place} is {Quote(item)}; token ids are whole numbers."), most)
        : throw Refuse(name, $"{name} is {Quote(list)}; it must be a list of token ids.");

    public static string TextOf(JsonElement value, JsonPlace place) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Refuse(place.ToString(), $"{place} is {Quote(value)}; it must be text.");

    /// <exception cref="RequestRefusedException">There are more than <paramref name="most"/>, of which none is read; or one cannot be read.</exception>
    public static T[] Items<T>(JsonElement list, string name, Func<JsonElement, JsonPlace, T> read, int most = int.MaxValue)
    {
        int count = list.GetArrayLength();
        if (count > most)
            throw Refuse(name, $"{name} has {count} items; at most {most} are allowed.");
        var items = new T[count];
        foreach ((int index, JsonElement item) in list.EnumerateArray().Index())
            items[index] = read(item, new JsonPlace(name, index));
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
