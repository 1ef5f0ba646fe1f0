using System.Runtime.InteropServices;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Tests;

/// <summary>A small random model in memory, in any number format, whose weights a test may spoil.</summary>
internal sealed unsafe class MemoryCheckpoint(ModelConfig config, ElementType type, float spread = 0.3f, int seed = 7) : ICheckpoint
{
    private readonly Dictionary<string, (nint Data, long Count)> _tensors = new(StringComparer.Ordinal);

    public string? Directory { get; init; }

    public ModelConfig Config { get; } = config;

    public string ContentKey { get; init; } = "test";

    /// <summary>Value to put at an element of a tensor.</summary>
    public (string Tensor, long Element, float Value)? Spoiled { get; init; }

    public static ModelConfig Shape(int headDim = 8, int heads = 4, int keyValueHeads = 2, int? window = null, int vocabulary = 75) => new()
    {
        Architecture = ModelArchitecture.Llama,
        HiddenSize = 40,
        LayerCount = 2,
        HeadCount = heads,
        KeyValueHeadCount = keyValueHeads,
        HeadDim = headDim,
        FeedForwardSize = 72,
        VocabularySize = vocabulary,
        MaxPositionCount = 2048,
        RmsNormEpsilon = 1e-5f,
        RopeTheta = 10000,
        SlidingWindow = window,
        TiesEmbeddings = false,
        EosTokenIds = [],
    };

    public bool Contains(string tensorName) => true;

    public TensorView GetTensor(string tensorName, params ReadOnlySpan<long> shape)
    {
        long count = 1;
        foreach (long length in shape)
            count *= length;
        int size = type == ElementType.Float32 ? 4 : 2;
        if (!_tensors.TryGetValue(tensorName, out (nint Data, long Count) tensor))
        {
            tensor = ((nint)NativeMemory.Alloc((nuint)(count * size)), count);
            _tensors[tensorName] = tensor;
            Fill(tensorName, tensor.Data, count, isNorm: tensorName.Contains("norm", StringComparison.Ordinal));
        }
        return new TensorView(tensorName, type, shape.ToArray(), (byte*)tensor.Data, count * size);
    }

    public void Dispose()
    {
        foreach ((nint data, _) in _tensors.Values)
            NativeMemory.Free((void*)data);
        _tensors.Clear();
    }

    private void Fill(string name, nint data, long count, bool isNorm)
    {
        var random = new Random(name.Aggregate(seed, (hash, letter) => unchecked((hash * 31) + letter)));
        for (long i = 0; i < count; i++)
        {
            float value = (((float)random.NextDouble() * 2f) - 1f) * spread;
            Store(data, i, isNorm ? 1f + value : value);
        }
        if (Spoiled is { } spoiled && spoiled.Tensor == name)
            Store(data, spoiled.Element, spoiled.Value);
    }

    private void Store(nint data, long index, float value)
    {
        if (type == ElementType.Float32)
            ((float*)data)[index] = value;
        else if (type == ElementType.Float16)
            ((Half*)data)[index] = (Half)value;
        else
            ((ushort*)data)[index] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
    }
}
