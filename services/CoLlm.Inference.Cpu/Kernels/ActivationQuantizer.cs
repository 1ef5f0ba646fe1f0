using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// Activations to 8-bit integers: each group of 32 is divided by its largest magnitude over 127 and rounded to nearest even.
/// Packs one row of a tile in the form that the integer tiles read: per group the rows' scales, then the rows' corrections
/// (minus the group's sum times the weights' offset), then the values.
/// </summary>
internal static unsafe class ActivationQuantizer
{
    public const int GroupSize = 32;

    private const float RoundingShift = 12582912f;

    /// <summary>The quantised values of a group, and room for the input of one that is cut off.</summary>
    private const int Scratch = 2 * GroupSize;

    /// <summary>Quantises for <see cref="Int8Tile"/>: per 4 depth steps the pairs (0, 2) and (1, 3) in 16-bit halves.</summary>
    /// <param name="input">One row. <c>[depth]</c>; what is past <paramref name="depth"/> in the last group counts as zero.</param>
    /// <param name="depth">Length of the row.</param>
    /// <param name="packed">The tile's first group.</param>
    /// <param name="row">Row in the tile.</param>
    /// <param name="rows">Rows of the tile.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ForInt8<TSimd, TV, TI>(float* input, int depth, int* packed, int row, int rows)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        int* values = stackalloc int[Scratch];
        for (int start = 0; start < depth; start += GroupSize, packed += Int8Tile.InputInts * rows)
        {
            Group<TSimd, TV, TI>(input, start, depth, values, packed, row, rows, Int8Tile.WeightOffset);
            int* target = packed + (2 * rows) + (2 * row);
            for (int i = 0; i < GroupSize; i += 4, target += 2 * rows)
            {
                ulong first = *(ulong*)(values + i) & 0x0000FFFF_0000FFFF;
                ulong second = (*(ulong*)(values + i + 2) & 0x0000FFFF_0000FFFF) << 16;
                *(ulong*)target = first | second;
            }
        }
    }

    /// <summary>Quantises for <see cref="Int4Tile"/>: per 4 depth steps their 4 bytes.</summary>
    /// <inheritdoc cref="ForInt8" path="/param"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ForInt4<TSimd, TV, TI>(float* input, int depth, int* packed, int row, int rows)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        InBytes<TSimd, TV, TI>(input, depth, packed, row, rows, Int4Tile.WeightOffset);

    /// <summary>Quantises for 8-bit weights and generated tiles: per 4 depth steps their 4 bytes; a single row as <see cref="ForInt8"/>.</summary>
    /// <inheritdoc cref="ForInt8" path="/param"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ForInt8DotProducts<TSimd, TV, TI>(float* input, int depth, int* packed, int row, int rows)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        if (rows == 1)
            ForInt8<TSimd, TV, TI>(input, depth, packed, row, rows);
        else
            InBytes<TSimd, TV, TI>(input, depth, packed, row, rows, Int8Tile.WeightOffset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InBytes<TSimd, TV, TI>(float* input, int depth, int* packed, int row, int rows, int offset)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        int* values = stackalloc int[Scratch];
        for (int start = 0; start < depth; start += GroupSize, packed += Int4Tile.InputInts * rows)
        {
            Group<TSimd, TV, TI>(input, start, depth, values, packed, row, rows, offset);
            int* target = packed + (2 * rows) + row;
            for (int i = 0; i < GroupSize; i += GroupSize / 2, target += 4 * rows)
            {
                Vector128<int> four = Bytes(values + i).AsInt32();
                target[0 * rows] = four[0];
                target[1 * rows] = four[1];
                target[2 * rows] = four[2];
                target[3 * rows] = four[3];
            }
        }

        static Vector128<byte> Bytes(int* sixteen) => Vector128.Narrow(
            Vector128.Narrow(Vector128.Load(sixteen), Vector128.Load(sixteen + 4)),
            Vector128.Narrow(Vector128.Load(sixteen + 8), Vector128.Load(sixteen + 12))).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group<TSimd, TV, TI>(float* input, int start, int depth, int* values, int* packed, int row, int rows, int offset)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        float* tail = (float*)values + GroupSize;
        float* source = input + start;
        if (depth - start < GroupSize)
        {
            for (int i = 0; i < GroupSize; i++)
                tail[i] = start + i < depth ? source[i] : 0f;
            source = tail;
        }

        float scale = LargestMagnitude<TSimd, TV, TI>(source) / 127f;
        TV inverse = TSimd.Broadcast(scale > 0f ? 1f / scale : 0f);
        TV shift = TSimd.Broadcast(RoundingShift);
        TI zero = TSimd.AsInt(shift);
        TI sum = TSimd.BroadcastInt(0);
        for (int i = 0; i < GroupSize; i += TSimd.Width)
        {
            TI value = TSimd.SubtractInt(TSimd.AsInt(TSimd.MultiplyAdd(TSimd.Load(source + i), inverse, shift)), zero);
            sum = TSimd.AddInt(sum, value);
            TSimd.StoreInt(value, values + i);
        }
        ((float*)packed)[row] = scale;
        packed[rows + row] = -TSimd.SumLanes(sum) * offset;
    }

    /// <summary>Largest magnitude of 32 values; NaN when one of them is NaN or infinite, so that nothing is lost silently.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float LargestMagnitude<TSimd, TV, TI>(float* source)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TV largest = TSimd.Broadcast(0f);
        TV nothing = TSimd.Broadcast(0f);
        for (int i = 0; i < GroupSize; i += TSimd.Width)
        {
            TV x = TSimd.Load(source + i);
            largest = TSimd.Larger(largest, TSimd.Absolute(x));
            nothing = TSimd.MultiplyAdd(x, TSimd.Broadcast(0f), nothing);
        }
        return TSimd.AllZero(nothing) ? TSimd.LargestLane(largest) : float.NaN;
    }
}
