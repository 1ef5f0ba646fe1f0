using System.Text.Json;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>A JSON value with its place, so that a refusal can name the file and the path in it.</summary>
internal readonly struct JsonPlace(JsonElement element, string file, string path)
{
    public JsonElement Element { get; } = element;

    public bool IsNull => Element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public bool IsString => Element.ValueKind == JsonValueKind.String;

    public bool IsObject => Element.ValueKind == JsonValueKind.Object;

    public bool IsArray => Element.ValueKind == JsonValueKind.Array;

    public static CheckpointException Refusal(string file, string path, string fault, Exception? inner = null) =>
        new($"{file}: {(path.Length == 0 ? "the document" : path)} {fault}.", inner);

    public CheckpointException Refuse(string fault) => Refusal(file, path, fault);

    /// <summary>The named member, or a place without a value when it is missing.</summary>
    public JsonPlace Get(string name)
    {
        string place = path.Length == 0 ? name : $"{path}.{name}";
        if (!IsObject)
            throw Refuse("is not an object");
        return new JsonPlace(Element.TryGetProperty(name, out JsonElement value) ? value : default, file, place);
    }

    public string AsString()
    {
        if (!IsString)
            throw Refuse(IsNull ? "is missing" : "is not a string");
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw Refusal(file, path, "is not valid text: it holds a lone surrogate or bytes that are not UTF-8", exception);
        }
    }

    public string? AsOptionalString() => IsNull ? null : AsString();

    public bool AsBoolean(bool otherwise) => Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null or JsonValueKind.Undefined => otherwise,
        _ => throw Refuse("is neither true nor false"),
    };

    public int AsInteger(int minimum, int maximum)
    {
        if (Element.ValueKind != JsonValueKind.Number || !Element.TryGetInt32(out int value))
            throw Refuse(IsNull ? "is missing" : "is not a whole number");
        return value >= minimum && value <= maximum ? value : throw Refuse($"is {value}, outside {minimum}..{maximum}");
    }

    public IEnumerable<JsonPlace> Items()
    {
        if (!IsArray)
            throw Refuse(IsNull ? "is missing" : "is not an array");
        return Enumerate(Element, file, path);
    }

    public IEnumerable<(string Name, JsonPlace Value)> Members()
    {
        if (!IsObject)
            throw Refuse(IsNull ? "is missing" : "is not an object");
        return EnumerateMembers(this, file, path);
    }

    private static IEnumerable<JsonPlace> Enumerate(JsonElement element, string file, string path)
    {
        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
            yield return new JsonPlace(item, file, $"{path}[{index++}]");
    }

    private static IEnumerable<(string Name, JsonPlace Value)> EnumerateMembers(JsonPlace place, string file, string path)
    {
        foreach (JsonProperty member in place.Element.EnumerateObject())
        {
            string name;
            try
            {
                name = member.Name;
            }
            catch (InvalidOperationException)
            {
                throw place.Refuse("has a member whose name is not valid text");
            }

            yield return (name, new JsonPlace(member.Value, file, path.Length == 0 ? name : $"{path}.{name}"));
        }
    }
}
