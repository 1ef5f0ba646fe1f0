using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace CoLlm.Training.Tests;

/// <summary>The float tensors of a golden safetensors file, read whole.</summary>
internal sealed class GoldenTensors
{
    private readonly Dictionary<string, float[]> _tensors = new(StringComparer.Ordinal);

    public GoldenTensors(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, headerLength));
        foreach (JsonProperty tensor in header.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__"))
        {
            int[] offsets = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
            Assert.Equal("F32", tensor.Value.GetProperty("dtype").GetString());
            _tensors.Add(tensor.Name, MemoryMarshal.Cast<byte, float>(file.AsSpan(8 + headerLength + offsets[0], offsets[1] - offsets[0])).ToArray());
        }
    }

    public IEnumerable<string> Names => _tensors.Keys;

    public float[] this[string name] => _tensors[name];
}
