using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;

namespace CoLlm.Expert.OpenAi;

/// <summary>Writes JSON requests, prompt ids as digits without any string between, into buffers that are kept.</summary>
internal sealed class RequestBody
{
    /// <summary>Larger buffers are not kept.</summary>
    private const int LargestKept = 1 << 20, MostKept = 64;

    private readonly ConcurrentBag<ArrayBufferWriter<byte>> _kept = [];

    /// <summary>A request of its own buffer.</summary>
    public static ArrayBufferWriter<byte> Write(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return buffer;
    }

    /// <summary>An empty buffer; give it back only when nothing can read it any more.</summary>
    public ArrayBufferWriter<byte> Rent() => _kept.TryTake(out ArrayBufferWriter<byte>? buffer) ? buffer : new ArrayBufferWriter<byte>(4096);

    public void Return(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > LargestKept || _kept.Count >= MostKept)
            return;
        buffer.ResetWrittenCount();
        _kept.Add(buffer);
    }
}
