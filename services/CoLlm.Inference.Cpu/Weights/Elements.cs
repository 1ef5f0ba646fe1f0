using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Reads stored weights as floats, exactly.</summary>
internal static unsafe class Elements
{
    public static int ByteSize(ElementType type) => type == ElementType.Float32 ? sizeof(float) : sizeof(ushort);

    /// <summary>Converts <c>target.Length</c> elements from index <paramref name="start"/>.</summary>
    public static void ToFloats(byte* data, ElementType type, long start, Span<float> target)
    {
        byte* source = data + (start * ByteSize(type));
        switch (type)
        {
            case ElementType.Float32:
                new ReadOnlySpan<byte>(source, target.Length * sizeof(float)).CopyTo(MemoryMarshal.AsBytes(target));
                break;
            case ElementType.Float16:
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(source, target.Length), target);
                break;
            default:
                for (int i = 0; i < target.Length; i++)
                    target[i] = BitConverter.UInt32BitsToSingle((uint)((ushort*)source)[i] << 16);
                break;
        }
    }

    /// <summary>Converts a whole small tensor, a norm's weights or a bias.</summary>
    /// <exception cref="CheckpointException">An element is NaN or infinite.</exception>
    public static void ToFloats(in TensorView tensor, Span<float> target)
    {
        ToFloats(tensor.Data, tensor.ElementType, 0, target);
        if (!AllFinite(target))
            RequireFinite(tensor, 0, target.Length);
    }

    public static bool AllFinite(ReadOnlySpan<float> values)
    {
        // Zero times a finite number is zero, times anything else it is NaN.
        float sum = 0f;
        foreach (float value in values)
            sum += value * 0f;
        return sum == 0f;
    }

    /// <exception cref="CheckpointException">One of the elements is NaN or infinite; names it.</exception>
    public static void RequireFinite(in TensorView tensor, long start, int count)
    {
        Span<float> value = stackalloc float[1];
        for (long i = start; i < start + count; i++)
        {
            ToFloats(tensor.Data, tensor.ElementType, i, value);
            if (!float.IsFinite(value[0]))
                throw new CheckpointException($"Tensor '{tensor.Name}' holds {Describe(value[0])} at element {i}; the model cannot be run.");
        }
    }

    private static string Describe(float value) => float.IsNaN(value) ? "NaN" : "infinity";
}
