using System.Buffers;
using System.Text.Json;
using CoLlm.Expert.Models;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>One JSON reply in a borrowed buffer. What is missing or of the wrong kind in it is a sentence naming the place.</summary>
internal sealed class ServerReply : IDisposable
{
    private readonly string _path;
    private readonly ServerFaults _faults;
    private readonly JsonDocument _document;
    private byte[]? _buffer;

    /// <summary>Takes over the buffer, unless it throws.</summary>
    /// <exception cref="BackendException">The text is no JSON object, or one that tells of an error.</exception>
    public ServerReply(string path, byte[] buffer, int length, string? mediaType, ServerFaults faults)
    {
        _path = path;
        _faults = faults;
        try
        {
            _document = JsonDocument.Parse(buffer.AsMemory(0, length));
        }
        catch (JsonException exception)
        {
            string kind = mediaType is null or "application/json" ? "" : $" but {mediaType}";
            throw Malformed($"with what is no JSON{kind} (byte {exception.BytePositionInLine} of line {exception.LineNumber + 1})");
        }

        JsonValueKind root = _document.RootElement.ValueKind;
        if (root != JsonValueKind.Object)
        {
            _document.Dispose();
            throw Malformed($"with a JSON {root.ToString().ToLowerInvariant()} where an object was expected");
        }

        if (Find(_document.RootElement, "error") is not null || FindText(_document.RootElement, "object") == "error")
        {
            _document.Dispose();
            throw Malformed($"with status 200 and an error: {ServerFaults.ErrorSentence(buffer.AsSpan(0, length))}");
        }

        _buffer = buffer;
    }

    public JsonElement Root => _document.RootElement;

    /// <summary>The answer cannot be used; the words go on after "answered /path".</summary>
    public BackendException Malformed(string what) => Of(FailureReason.Internal, what);

    public BackendException Of(FailureReason reason, string what, string sent = "", string held = "") => _faults.Of(reason, _path, what, sent, held);

    /// <summary>A value inside the reply.</summary>
    /// <param name="parent">An object.</param>
    /// <param name="kind">What it must be.</param>
    /// <param name="name">Its name, as sentences call it.</param>
    public JsonElement Need(JsonElement parent, JsonValueKind kind, string name)
    {
        JsonElement? found = Find(parent, name);
        return found?.ValueKind == kind
            ? found.Value
            : throw Malformed(found is null ? $"without {name}" : $"with {name} of the kind {found.Value.ValueKind.ToString().ToLowerInvariant()}, not {kind.ToString().ToLowerInvariant()}");
    }

    /// <summary>The value of that name; null where it is missing or null.</summary>
    public static JsonElement? Find(JsonElement parent, string name) =>
        TryFind(parent, name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The value of that name, which may be null; false where it is missing.</summary>
    public static bool TryFind(JsonElement parent, string name, out JsonElement value)
    {
        value = default;
        try
        {
            return parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out value);
        }
        catch (InvalidOperationException)
        {
            return false; // Among the names is one that is no text, which the parser leaves to whoever reads it.
        }
    }

    /// <summary>The first of a list that must have one.</summary>
    public JsonElement NeedFirst(JsonElement parent, string name, JsonValueKind kind)
    {
        JsonElement list = Need(parent, JsonValueKind.Array, name);
        if (list.GetArrayLength() == 0 || list[0].ValueKind != kind)
            throw Malformed($"with {name} that begins with no {kind.ToString().ToLowerInvariant()}");
        return list[0];
    }

    /// <summary>A count or an id.</summary>
    public int NeedInt(JsonElement parent, string name) => AsInt(Need(parent, JsonValueKind.Number, name), name);

    public int AsInt(JsonElement value, string name) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
        ? number
        : throw Malformed($"with {name} that is no whole number from 0 on");

    /// <summary>The number of that name where there is one.</summary>
    public static int? FindInt(JsonElement parent, string name) =>
        Find(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int number) && number >= 0 ? number : null;

    /// <summary>The text of that name where there is one; half a character, or what is no UTF-8, is none.</summary>
    public static string? FindText(JsonElement parent, string name)
    {
        try
        {
            return Find(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The name of an entry.</summary>
    public string NameOf(JsonProperty entry)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException)
        {
            throw Malformed("with a name that is no text");
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is not { } buffer)
            return;
        _document.Dispose();
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
