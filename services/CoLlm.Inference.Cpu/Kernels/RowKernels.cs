using System.Runtime.CompilerServices;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// Kernels over one row of activations. Sums go through 16 partial sums, element i into sum <c>i mod 16</c>, added in one
/// fixed order, so that every register width gives the same bits.
/// </summary>
internal static unsafe class RowKernels
{
    private const int PartialSums = 16;

    /// <summary><c>output[i] = weight[i] * input[i] / sqrt(mean(input^2) + epsilon)</c>; may run in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm<TSimd, TV, TI>(float* input, float* weight, float* output, int length, float epsilon)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        float* sums = stackalloc float[PartialSums];
        int whole = length & ~(PartialSums - 1);
        for (int lane = 0; lane < PartialSums; lane += TSimd.Width)
        {
            TV sum = TSimd.Broadcast(0f);
            for (int i = lane; i < whole; i += PartialSums)
            {
                TV x = TSimd.Load(input + i);
                sum = TSimd.MultiplyAdd(x, x, sum);
            }
            TSimd.Store(sum, sums + lane);
        }
        for (int i = whole; i < length; i++)
            sums[i - whole] = MathF.FusedMultiplyAdd(input[i], input[i], sums[i - whole]);

        // An overflowing sum would give a scale of zero and hide what happened; zero times it is NaN.
        float sumOfSquares = AddPartialSums(sums);
        float scale = (1f / MathF.Sqrt((sumOfSquares / length) + epsilon)) + (sumOfSquares * 0f);
        int vectors = length - (length % TSimd.Width);
        TV scales = TSimd.Broadcast(scale);
        for (int i = 0; i < vectors; i += TSimd.Width)
            TSimd.Store(TSimd.Multiply(TSimd.Load(weight + i), TSimd.Multiply(TSimd.Load(input + i), scales)), output + i);
        for (int i = vectors; i < length; i++)
            output[i] = weight[i] * (input[i] * scale);
    }

    /// <summary><c>target[i] += addend[i]</c></summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<TSimd, TV, TI>(float* target, float* addend, int length)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        int vectors = length - (length % TSimd.Width);
        for (int i = 0; i < vectors; i += TSimd.Width)
            TSimd.Store(TSimd.Add(TSimd.Load(target + i), TSimd.Load(addend + i)), target + i);
        for (int i = vectors; i < length; i++)
            target[i] += addend[i];
    }

    /// <summary>
    /// <c>output[i] = silu(gate[i]) * up[i]</c> with <c>silu(x) = x / (1 + e^-x)</c>, for 32 values.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GatedPanel<TSimd, TV, TI>(float* gate, float* up, float* output)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TV one = TSimd.Broadcast(1f);
        for (int i = 0; i < FloatTile.Columns; i += TSimd.Width)
        {
            TV x = TSimd.Load(gate + i);
            TV e = Exponential.Compute<TSimd, TV, TI>(TSimd.Subtract(TSimd.Broadcast(0f), x));
            TSimd.Store(TSimd.Multiply(TSimd.Divide(x, TSimd.Add(one, e)), TSimd.Load(up + i)), output + i);
        }
    }

    /// <summary>Multiplies 32 values by as many bfloat16 scales, which lie as bfloat16 weights do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScalePanel<TSimd, TV, TI>(float* values, byte* scales)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        for (int lane = 0; lane < FloatTile.Columns / 2; lane += TSimd.Width)
        {
            byte* pairs = scales + (lane * sizeof(int));
            float* high = values + (FloatTile.Columns / 2) + lane;
            TSimd.Store(TSimd.Multiply(TSimd.Load(values + lane), BFloat16Format.Low<TSimd, TV, TI>(pairs)), values + lane);
            TSimd.Store(TSimd.Multiply(TSimd.Load(high), BFloat16Format.High<TSimd, TV, TI>(pairs, pairs)), high);
        }
    }

    /// <summary>
    /// Rotates the pairs <c>(i, i + half)</c> of one head by the row's angles; may run in place.
    /// </summary>
    /// <param name="head">The head's values. <c>[2 * half]</c></param>
    /// <param name="cosines">Cosines of the row's position. <c>[half]</c></param>
    /// <param name="sines">Sines of the row's position. <c>[half]</c></param>
    /// <param name="half">Half the head's width.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate<TSimd, TV, TI>(float* head, float* cosines, float* sines, int half)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        int i = 0;
        for (; i <= half - TSimd.Width; i += TSimd.Width)
        {
            TV first = TSimd.Load(head + i);
            TV second = TSimd.Load(head + i + half);
            TV cosine = TSimd.Load(cosines + i);
            TV sine = TSimd.Load(sines + i);
            TSimd.Store(TSimd.Subtract(TSimd.Multiply(first, cosine), TSimd.Multiply(second, sine)), head + i);
            TSimd.Store(TSimd.Add(TSimd.Multiply(second, cosine), TSimd.Multiply(first, sine)), head + i + half);
        }
        for (; i < half; i++)
        {
            float first = head[i];
            float second = head[i + half];
            head[i] = (first * cosines[i]) - (second * sines[i]);
            head[i + half] = (second * cosines[i]) + (first * sines[i]);
        }
    }

    /// <summary>Adds 16 partial sums in the one order used everywhere: halves onto halves.</summary>
    public static float AddPartialSums(float* sums)
    {
        for (int step = PartialSums / 2; step > 0; step /= 2)
        {
            for (int i = 0; i < step; i++)
                sums[i] += sums[i + step];
        }
        return sums[0];
    }
}
