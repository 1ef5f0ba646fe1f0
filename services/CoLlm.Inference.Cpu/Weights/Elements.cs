using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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
                WidenBFloat16((ushort*)source, target);
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
        Vector256<float> sums = Vector256<float>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector256<float>.Count; i += Vector256<float>.Count)
            sums += Vector256.Create(values[i..]) * 0f;
        float sum = Vector256.Sum(sums);
        for (; i < values.Length; i++)
            sum += values[i] * 0f;
        return sum == 0f;
    }

    /// <summary>The largest magnitude of <paramref name="count"/> elements; not finite where one of them is not.</summary>
    public static float LargestMagnitude(byte* data, ElementType type, int count)
    {
        // Without its sign, a floating-point number is ordered as its bits are.
        float largest;
        if (type == ElementType.Float32)
        {
            uint bits = LargestBits(new ReadOnlySpan<uint>(data, count), 0x7FFFFFFFu);
            return BitConverter.UInt32BitsToSingle(bits);
        }
        ushort half = LargestBits(new ReadOnlySpan<ushort>(data, count), (ushort)0x7FFF);
        ToFloats((byte*)&half, type, 0, new Span<float>(&largest, 1));
        return largest;
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

    private static T LargestBits<T>(ReadOnlySpan<T> values, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector256<T> largest = Vector256<T>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector256<T>.Count; i += Vector256<T>.Count)
            largest = Vector256.Max(largest, Vector256.Create(values[i..]) & Vector256.Create(mask));
        T result = T.Zero;
        for (int lane = 0; lane < Vector256<T>.Count; lane++)
            result = T.Max(result, largest[lane]);
        for (; i < values.Length; i++)
            result = T.Max(result, values[i] & mask);
        return result;
    }

    private static void WidenBFloat16(ushort* source, Span<float> target)
    {
        int i = 0;
        for (; i <= target.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<uint> bits = Vector256.WidenLower(Vector128.Load(source + i).ToVector256Unsafe()) << 16;
            bits.AsSingle().CopyTo(target[i..]);
        }
        for (; i < target.Length; i++)
            target[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
    }

    private static string Describe(float value) => float.IsNaN(value) ? "NaN" : "infinity";
}
