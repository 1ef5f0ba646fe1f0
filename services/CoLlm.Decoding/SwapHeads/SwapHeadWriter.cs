using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CoLlm.Decoding.SwapHeads;

/// <summary>Writes a swap head as safetensors: header length, JSON header, raw little-endian data.</summary>
internal static class SwapHeadWriter
{
    public static byte[] Write(SwapHeadFile file)
    {
        float[] rates = [.. file.Calibration?.Points.Select(point => point.TargetRate) ?? []];
        float[] thresholds = [.. file.Calibration?.Points.Select(point => point.Threshold) ?? []];
        byte[] header = Header(file, rates.Length);
        byte[] bytes = new byte[sizeof(ulong) + header.Length + (file.Head.Theta.Length + rates.Length + thresholds.Length) * sizeof(float)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)header.Length);
        header.CopyTo(bytes, sizeof(ulong));

        Span<byte> data = bytes.AsSpan(sizeof(ulong) + header.Length);
        data = Append(data, file.Head.Theta);
        data = Append(data, rates);
        Append(data, thresholds);
        return bytes;
    }

    private static byte[] Header(SwapHeadFile file, int pointCount)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString(SwapHeadFormat.FormatKey, SwapHeadFormat.Name);
            json.WriteString(SwapHeadFormat.VersionKey, SwapHeadFormat.Version);
            json.WriteString(SwapHeadFormat.BaseKey, file.TrainedWith.BaseFingerprint);
            json.WriteString(SwapHeadFormat.TokenizerKey, file.TrainedWith.TokenizerFingerprint);
            json.WriteString(SwapHeadFormat.ExpertsKey, Experts(file.TrainedWith.Experts));
            if (file.Calibration?.Best is { } best)
                json.WriteString(SwapHeadFormat.BestRateKey, best.TargetRate.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();

            long offset = 0;
            int rowCount = file.Head.Theta.Length / file.Head.HiddenSize;
            WriteTensor(json, SwapHeadFormat.Theta, ref offset, rowCount, file.Head.HiddenSize);
            if (pointCount > 0)
            {
                WriteTensor(json, SwapHeadFormat.TargetRates, ref offset, pointCount);
                WriteTensor(json, SwapHeadFormat.Thresholds, ref offset, pointCount);
            }

            json.WriteEndObject();
        }

        // Padding keeps the data aligned for readers that map the file.
        string text = Encoding.UTF8.GetString(stream.ToArray());
        return Encoding.UTF8.GetBytes(text.PadRight(text.Length + (8 - (int)stream.Length % 8) % 8));
    }

    /// <summary>Metadata values are strings, so the list of experts is JSON inside one.</summary>
    private static string Experts(IReadOnlyList<ExpertIdentity> experts)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (ExpertIdentity expert in experts)
            {
                json.WriteStartObject();
                json.WriteString(SwapHeadFormat.ExpertNameKey, expert.Name);
                json.WriteString(SwapHeadFormat.ExpertFingerprintKey, expert.Fingerprint);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteTensor(Utf8JsonWriter json, string name, ref long offset, params ReadOnlySpan<int> shape)
    {
        long elementCount = 1;
        json.WriteStartObject(name);
        json.WriteString("dtype", "F32");
        json.WriteStartArray("shape");
        foreach (int dimension in shape)
        {
            json.WriteNumberValue(dimension);
            elementCount *= dimension;
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        offset += elementCount * sizeof(float);
        json.WriteNumberValue(offset);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static Span<byte> Append(Span<byte> destination, ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(destination, value);
            destination = destination[sizeof(float)..];
        }

        return destination;
    }
}
