using System.Text.Json;

namespace CoLlm.Inference.Checkpoints;

/// <summary>Reads the JSON header of a safetensors file: which tensors lie where in the data section.</summary>
internal static class SafetensorsHeader
{
    private const int MaxDimensions = 8;

    /// <summary>Parses the header and proves that its tensors tile the data section exactly.</summary>
    /// <param name="file">File name for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Bytes that follow the header.</param>
    /// <exception cref="CheckpointException">Anything in it is broken, ambiguous or does not fit the file.</exception>
    public static Dictionary<string, StoredTensor> Read(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        try
        {
            Dictionary<string, StoredTensor> tensors = ReadEntries(file, json);
            CheckLayout(file, tensors.Values, dataLength);
            return tensors;
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{file}: the header is broken JSON at byte {8 + (e.BytePositionInLine ?? 0)} of line {e.LineNumber + 1}.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"{file}: the header holds text that is not valid Unicode.", e);
        }
    }

    private static Dictionary<string, StoredTensor> ReadEntries(string file, ReadOnlySpan<byte> json)
    {
        Dictionary<string, StoredTensor> tensors = [];
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 16 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new CheckpointException($"{file}: the header is not a JSON object.");

        bool metadataSeen = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (name == "__metadata__")
            {
                if (metadataSeen)
                    throw new CheckpointException($"{file}: the header names '__metadata__' twice.");
                metadataSeen = true;
                reader.Skip();
                continue;
            }

            if (!tensors.TryAdd(name, ReadEntry(file, name, ref reader)))
                throw new CheckpointException($"{file}: the header names tensor {CheckpointText.Quote(name)} twice.");
        }

        if (reader.Read())
            throw new CheckpointException($"{file}: the header goes on after its JSON object.");
        return tensors;
    }

    private static StoredTensor ReadEntry(string file, string name, ref Utf8JsonReader reader)
    {
        string? elementType = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Broken(file, name, "is not described by an object");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dtype"u8))
            {
                if (elementType is not null || !reader.Read() || reader.TokenType != JsonTokenType.String)
                    throw Broken(file, name, "has a dtype that is repeated or not a text");
                elementType = reader.GetString();
            }
            else if (reader.ValueTextEquals("shape"u8))
                shape = ReadIntegers(file, name, "shape", MaxDimensions, shape is not null, ref reader);
            else if (reader.ValueTextEquals("data_offsets"u8))
                offsets = ReadIntegers(file, name, "data_offsets", 2, offsets is not null, ref reader);
            else
                throw Broken(file, name, $"has the unknown key {CheckpointText.Quote(reader.GetString()!)}");
        }

        if (elementType is null || shape is null || offsets is not { Count: 2 })
            throw Broken(file, name, "lacks dtype, shape or a pair of data_offsets");
        return Checked(file, new StoredTensor(name, elementType, [.. shape], offsets[0], offsets[1]));
    }

    private static List<long> ReadIntegers(string file, string name, string key, int most, bool repeated, ref Utf8JsonReader reader)
    {
        if (repeated || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            throw Broken(file, name, $"has a {key} that is repeated or not a list");

        List<long> values = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value) || value < 0)
                throw Broken(file, name, $"has an entry of {key} that is not a whole number from 0 to 2^63 - 1");
            if (values.Count == most)
                throw Broken(file, name, $"has more than {most} entries in {key}");
            values.Add(value);
        }

        return values;
    }

    private static StoredTensor Checked(string file, StoredTensor tensor)
    {
        int bits = StoredElementType.Bits(tensor.ElementType);
        if (bits == 0)
            throw Broken(file, tensor.Name, $"has the unknown dtype {CheckpointText.Quote(tensor.ElementType)}");
        if (tensor.Begin > tensor.End)
            throw Broken(file, tensor.Name, $"ends at byte {tensor.End} before it begins at {tensor.Begin}");

        Int128 needed = bits;
        foreach (long extent in tensor.Shape)
        {
            needed *= extent;
            if (needed > long.MaxValue)
                throw Broken(file, tensor.Name, $"has the shape {CheckpointText.Shape(tensor.Shape)}, which overflows");
        }

        if (needed != (Int128)tensor.ByteLength * 8)
        {
            throw Broken(file, tensor.Name,
                $"takes {tensor.ByteLength} bytes, but {CheckpointText.Shape(tensor.Shape)} of {tensor.ElementType} needs {(needed + 7) / 8}");
        }

        return tensor;
    }

    private static void CheckLayout(string file, IEnumerable<StoredTensor> tensors, long dataLength)
    {
        long covered = 0;
        string previous = "the header";
        foreach (StoredTensor tensor in tensors.OrderBy(t => t.Begin).ThenBy(t => t.End))
        {
            if (tensor.End > dataLength)
                throw Broken(file, tensor.Name, $"ends at byte {tensor.End} of a data section of {dataLength} bytes (is the file truncated?)");
            if (tensor.Begin < covered)
                throw Broken(file, tensor.Name, $"overlaps {previous}");
            if (tensor.Begin > covered)
                throw Broken(file, tensor.Name, $"leaves {tensor.Begin - covered} unnamed bytes after {previous}");
            covered = tensor.End;
            previous = CheckpointText.Quote(tensor.Name);
        }

        if (covered != dataLength)
            throw new CheckpointException($"{file}: {dataLength - covered} bytes after {previous} belong to no tensor.");
    }

    private static CheckpointException Broken(string file, string name, string what) =>
        new($"{file}: tensor {CheckpointText.Quote(name)} {what}.");
}
