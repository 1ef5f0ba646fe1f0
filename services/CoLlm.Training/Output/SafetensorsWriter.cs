using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace CoLlm.Training.Output;

/// <summary>Writes float tensors as a safetensors file, in F32 or rounded to BF16; the same tensors give the same bytes.</summary>
internal static class SafetensorsWriter
{
    private const int HeaderAlignment = 8;
    private const int ValuesPerWrite = 1 << 16;

    /// <summary>Writes the file and makes sure that it is on the disk before returning.</summary>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors, SavedFormat format)
    {
        byte[] header = Header(tensors, format);
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        file.Write(length);
        file.Write(header);
        ushort[] narrow = new ushort[ValuesPerWrite];
        foreach (NamedTensor tensor in tensors)
        {
            if (format == SavedFormat.Float32)
            {
                file.Write(MemoryMarshal.AsBytes(tensor.Values.Span));
                continue;
            }

            for (int first = 0; first < tensor.Values.Length; first += ValuesPerWrite)
            {
                ReadOnlySpan<float> values = tensor.Values.Span[first..Math.Min(tensor.Values.Length, first + ValuesPerWrite)];
                for (int i = 0; i < values.Length; i++)
                    narrow[i] = ToBFloat16(values[i]);
                file.Write(MemoryMarshal.AsBytes(narrow.AsSpan(0, values.Length)));
            }
        }

        file.Flush(flushToDisk: true);
    }

    /// <summary>The nearest bfloat16, ties to even; what is not a number stays so.</summary>
    internal static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static byte[] Header(IReadOnlyList<NamedTensor> tensors, SavedFormat format)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            long offset = 0;
            foreach (NamedTensor tensor in tensors)
            {
                long end = offset + ((long)tensor.Values.Length * (format == SavedFormat.Float32 ? 4 : 2));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", format == SavedFormat.Float32 ? "F32" : "BF16");
                json.WriteStartArray("shape");
                foreach (int extent in tensor.Shape)
                    json.WriteNumberValue(extent);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(end);
                json.WriteEndArray();
                json.WriteEndObject();
                offset = end;
            }

            json.WriteEndObject();
        }

        // Padding with spaces keeps the data aligned for those who map the file.
        int padded = ((int)text.Length + HeaderAlignment - 1) / HeaderAlignment * HeaderAlignment;
        byte[] header = new byte[padded];
        Array.Fill(header, (byte)' ');
        text.GetBuffer().AsSpan(0, (int)text.Length).CopyTo(header);
        return header;
    }
}
