using System.Runtime.CompilerServices;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>Lays the rows of a tile side by side: <c>target[k, row] = source[row, k]</c>.</summary>
internal static unsafe class TileTranspose
{
    private const int Block = 64;

    /// <param name="source">First row.</param>
    /// <param name="sourceStride">Floats from one row to the next.</param>
    /// <param name="target"><c>[depth, rows]</c></param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="depth">Length of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* source, long sourceStride, float* target, int rows, int depth)
    {
        for (int start = 0; start < depth; start += Block)
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
}
