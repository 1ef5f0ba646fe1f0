using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// <see cref="FloatTile"/> for one activation row, where memory is the limit: the panels of one thread are one linear stream,
/// and the stream is asked for some kilobytes ahead. Same bits as the tile.
/// </summary>
internal static unsafe class FloatColumn
{
    private const int PrefetchBytes = 4096;

    /// <summary>The contract of <see cref="FloatTile.Run"/> with one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TSimd, TV, TI, TFormat>(
        byte* low, byte* high, long stride, float* input, int depth, float* output, long outputStride, bool accumulate)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
        where TFormat : struct, IWeightFormat
    {
        TV zero = TSimd.Broadcast(0f);
        for (int lane = 0; lane < 16; lane += TSimd.Width)
        {
            TV a = accumulate ? TSimd.Load(output) : zero;
            TV b = accumulate ? TSimd.Load(output + 16) : zero;
            byte* lowStep = low;
            byte* highStep = high;
            int k = 0;
            for (; k <= depth - 4; k += 4)
            {
                Step<TSimd, TV, TI, TFormat>(lowStep, highStep, input[k], ref a, ref b);
                Step<TSimd, TV, TI, TFormat>(lowStep + stride, highStep + stride, input[k + 1], ref a, ref b);
                Step<TSimd, TV, TI, TFormat>(lowStep + (2 * stride), highStep + (2 * stride), input[k + 2], ref a, ref b);
                Step<TSimd, TV, TI, TFormat>(lowStep + (3 * stride), highStep + (3 * stride), input[k + 3], ref a, ref b);
                lowStep += 4 * stride;
                highStep += 4 * stride;
            }
            for (; k < depth; k++, lowStep += stride, highStep += stride)
                Step<TSimd, TV, TI, TFormat>(lowStep, highStep, input[k], ref a, ref b);
            TSimd.Store(a, output);
            TSimd.Store(b, output + 16);
            low += TSimd.Width * sizeof(float);
            high += TSimd.Width * sizeof(float);
            output += TSimd.Width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TSimd, TV, TI, TFormat>(byte* low, byte* high, float input, ref TV a, ref TV b)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
        where TFormat : struct, IWeightFormat
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(low + PrefetchBytes);
        TV x = TSimd.Broadcast(input);
        a = TSimd.MultiplyAdd(TFormat.Low<TSimd, TV, TI>(low), x, a);
        b = TSimd.MultiplyAdd(TFormat.High<TSimd, TV, TI>(low, high), x, b);
    }
}
