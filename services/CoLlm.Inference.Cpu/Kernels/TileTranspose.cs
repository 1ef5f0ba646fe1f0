using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>Lays the rows of a tile side by side: <c>target[k, row] = source[row, k]</c>.</summary>
internal static unsafe class TileTranspose
{
    private const int Block = 64;
    private const int Square = 4;

    /// <param name="source">First row.</param>
    /// <param name="sourceStride">Floats from one row to the next.</param>
    /// <param name="target"><c>[depth, rows]</c></param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="depth">Length of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* source, long sourceStride, float* target, int rows, int depth)
    {
        int squares = Sse.IsSupported && rows >= Square ? depth / Square * Square : 0;
        for (int start = 0; start < squares; start += Block)
        {
            int count = Math.Min(Block, squares - start);
            float* to = target + ((long)start * rows);
            for (int row = 0; row < rows; row += Square)
            {
                // The last four rows may have been among the four before them: they are written twice.
                int first = Math.Min(row, rows - Square);
                FourRows(source + (first * sourceStride) + start, sourceStride, to + first, rows, count);
            }
        }
        for (int start = squares; start < depth; start += Block)
        {
            int end = Math.Min(depth, start + Block);
            for (int row = 0; row < rows; row++)
            {
                float* from = source + (row * sourceStride);
                float* to = target + ((long)start * rows) + row;
                for (int k = start; k < end; k++, to += rows)
                    *to = from[k];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourRows(float* source, long sourceStride, float* target, int rows, int count)
    {
        for (int k = 0; k < count; k += Square, source += Square, target += Square * rows)
        {
            Vector128<float> a = Vector128.Load(source);
            Vector128<float> b = Vector128.Load(source + sourceStride);
            Vector128<float> c = Vector128.Load(source + (2 * sourceStride));
            Vector128<float> d = Vector128.Load(source + (3 * sourceStride));
            Vector128<float> lowPairs = Sse.UnpackLow(a, b);
            Vector128<float> lowPairsBelow = Sse.UnpackLow(c, d);
            Vector128<float> highPairs = Sse.UnpackHigh(a, b);
            Vector128<float> highPairsBelow = Sse.UnpackHigh(c, d);
            Sse.MoveLowToHigh(lowPairs, lowPairsBelow).Store(target);
            Sse.MoveHighToLow(lowPairsBelow, lowPairs).Store(target + rows);
            Sse.MoveLowToHigh(highPairs, highPairsBelow).Store(target + (2 * rows));
            Sse.MoveHighToLow(highPairsBelow, highPairs).Store(target + (3 * rows));
        }
    }
}
