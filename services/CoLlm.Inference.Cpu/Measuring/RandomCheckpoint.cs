using System.Numerics;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Measuring;

/// <summary>
/// Random bfloat16 weights of a given shape, for measuring. All matrices are windows into one random block, so it takes little
/// more memory than the largest of them.
/// </summary>
public sealed unsafe class RandomCheckpoint : ICheckpoint
{
    private const int Windows = 1 << 20;
    private const ushort One = 0x3F80;

    private readonly NativeBuffer _block;
    private readonly NativeBuffer _ones;

    public RandomCheckpoint(ModelConfig config, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        int widest = Math.Max(config.HiddenSize, Math.Max(config.FeedForwardSize, config.HeadCount * config.HeadDim));
        long largest = (long)config.HiddenSize * Math.Max(widest, config.VocabularySize);
        _block = new NativeBuffer((largest + Windows) * sizeof(ushort));
        _ones = new NativeBuffer((long)widest * sizeof(ushort));
        new Span<ushort>(_ones.Data, widest).Fill(One);
        Fill((ushort*)_block.Data, largest + Windows, seed);
    }

    public string? Directory => null;

    public ModelConfig Config { get; }

    public string ContentKey => "random";

    public bool Contains(string tensorName) => true;

    public TensorView GetTensor(string tensorName, params ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(tensorName);
        long count = 1;
        foreach (long length in shape)
            count *= length;
        if (shape.Length == 1)
            return new TensorView(tensorName, ElementType.BFloat16, shape.ToArray(), _ones.Data, count * sizeof(ushort));
        uint hash = 2166136261;
        foreach (char letter in tensorName)
            hash = (hash ^ letter) * 16777619;
        byte* start = _block.Data + (hash % Windows * sizeof(ushort));
        return new TensorView(tensorName, ElementType.BFloat16, shape.ToArray(), start, count * sizeof(ushort));
    }

    public void Dispose()
    {
        _block.Dispose();
        _ones.Dispose();
    }

    /// <summary>Uniform in about ±0.035, a standard deviation of 0.02.</summary>
    private static void Fill(ushort* values, long count, ulong state)
    {
        for (long i = 0; i < count; i++)
        {
            state += 0x9E3779B97F4A7C15;
            ulong x = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            x = BitOperations.RotateLeft(x, 31) ^ (x >> 27);
            float value = ((x & 0xFFFFFF) * (0.07f / 0x1000000)) - 0.035f;
            values[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        }
    }
}
