using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoLlm.Training.Kernels;

/// <summary>
/// Copies a strip of a matrix into the order in which the micro-kernel reads it: for every step along the reduction the
/// <c>width</c> values of the strip side by side, zeros where the matrix ends.
/// </summary>
internal static unsafe class Packing
{
    /// <summary>Packs <paramref name="count"/> (at most <paramref name="width"/>, a multiple of 4) lines of <paramref name="depth"/> values.</summary>
    /// <param name="source">First value of the first line.</param>
    /// <param name="lineStride">Distance between lines.</param>
    /// <param name="depthStride">Distance between successive values of a line.</param>
    /// <param name="count">Lines that exist.</param>
    /// <param name="width">Lines in the packed strip.</param>
    /// <param name="depth">Length of the reduction.</param>
    /// <param name="target"><c>[depth, width]</c>.</param>
    public static void Pack(float* source, long lineStride, long depthStride, int count, int width, int depth, float* target)
    {
        if (count == width && lineStride == 1)
            CopyLines(source, depthStride, width, depth, target);
        else if (count == width && depthStride == 1 && Sse.IsSupported)
            Transpose(source, lineStride, width, depth, target);
        else
            Gather(source, lineStride, depthStride, count, width, depth, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyLines(float* source, long depthStride, int width, int depth, float* target)
    {
        for (int k = 0; k < depth; k++, source += depthStride, target += width)
        {
            for (int i = 0; i < width; i += 4)
                Vector128.Store(Vector128.Load(source + i), target + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(float* source, long lineStride, int width, int depth, float* target)
    {
        int whole = depth & ~3;
        for (int i = 0; i < width; i += 4)
        {
            float* from = source + (i * lineStride);
            float* to = target + i;
            for (int k = 0; k < whole; k += 4, from += 4, to += 4L * width)
                TransposeFour(from, lineStride, to, width);
        }

        Gather(source + whole, lineStride, 1, width, width, depth - whole, target + ((long)whole * width));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFour(float* from, long lineStride, float* to, int width)
    {
        Vector128<float> a = Vector128.Load(from);
        Vector128<float> b = Vector128.Load(from + lineStride);
        Vector128<float> c = Vector128.Load(from + (2 * lineStride));
        Vector128<float> d = Vector128.Load(from + (3 * lineStride));
        Vector128<float> lowAB = Sse.UnpackLow(a, b);
        Vector128<float> lowCD = Sse.UnpackLow(c, d);
        Vector128<float> highAB = Sse.UnpackHigh(a, b);
        Vector128<float> highCD = Sse.UnpackHigh(c, d);
        Vector128.Store(Sse.MoveLowToHigh(lowAB, lowCD), to);
        Vector128.Store(Sse.MoveHighToLow(lowCD, lowAB), to + width);
        Vector128.Store(Sse.MoveLowToHigh(highAB, highCD), to + (2L * width));
        Vector128.Store(Sse.MoveHighToLow(highCD, highAB), to + (3L * width));
    }

    private static void Gather(float* source, long lineStride, long depthStride, int count, int width, int depth, float* target)
    {
        for (int k = 0; k < depth; k++, source += depthStride, target += width)
        {
            for (int i = 0; i < width; i++)
                target[i] = i < count ? source[i * lineStride] : 0;
        }
    }
}
