using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Rounds groups of 32 weights to multiples of a scale, and packs them for <see cref="Int8Tile"/>.</summary>
internal static unsafe class GroupQuantizer
{
    public const int GroupSize = ActivationQuantizer.GroupSize;

    private const float RoundingShift = 12582912f;
    private const int Largest8 = 127;

    /// <summary>
    /// Packs one group of 32 columns in 8 bits. The scale is rounded to bfloat16 first and the weights are divided by the rounded
    /// scale, so its rounding costs almost nothing.
    /// </summary>
    /// <param name="weights">Columns by depth. <c>[32, 32]</c></param>
    /// <param name="target">The group, in the layout of <see cref="Int8Tile"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackInt8(float* weights, byte* target)
    {
        byte* values = stackalloc byte[GroupSize];
        ushort* scales = (ushort*)target;
        for (int column = 0; column < FloatTile.Columns; column++)
        {
            float* line = weights + (column * GroupSize);
            float scale = Int8Scale(line);
            scales[(column % 16 * 2) + (column / 16)] = (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16);
            Quantize(line, scale, -Largest8, Largest8, Int8Tile.WeightOffset, values);
            byte* place = target + Int8Tile.ScaleBytes + (column / 16 * 64) + (column % 16 * 4);
            for (int step = 0; step < GroupSize / 4; step++)
                *(uint*)(place + (step * 128)) = ((uint*)values)[step];
        }
    }

    /// <summary>Rounds a group to <c>round(weight / scale)</c> within limits, plus an offset; zeros where the scale is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Quantize(float* line, float scale, int smallest, int largest, int offset, byte* values)
    {
        Vector256<float> inverse = Vector256.Create(scale != 0f ? 1f / scale : 0f);
        var least = Vector256.Create(smallest + offset);
        var most = Vector256.Create(largest + offset);
        var zero = Vector256.Create(offset - BitConverter.SingleToInt32Bits(RoundingShift));
        Vector256<short> lower = Vector256.Narrow(Round(line, inverse, zero, least, most), Round(line + 8, inverse, zero, least, most));
        Vector256<short> upper = Vector256.Narrow(Round(line + 16, inverse, zero, least, most), Round(line + 24, inverse, zero, least, most));
        Vector256.Narrow(lower, upper).AsByte().Store(values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Round(float* eight, Vector256<float> inverse, Vector256<int> zero, Vector256<int> least, Vector256<int> most)
    {
        Vector256<float> shifted = (Vector256.Load(eight) * inverse) + Vector256.Create(RoundingShift);
        return Vector256.Max(Vector256.Min(shifted.AsInt32() + zero, most), least);
    }

    /// <summary>The largest magnitude of a group of finite weights.</summary>
    public static float LargestMagnitude(float* line)
    {
        Vector256<float> eight = Vector256.MaxNative(
            Vector256.MaxNative(Vector256.Abs(Vector256.Load(line)), Vector256.Abs(Vector256.Load(line + 8))),
            Vector256.MaxNative(Vector256.Abs(Vector256.Load(line + 16)), Vector256.Abs(Vector256.Load(line + 24))));
        Vector128<float> four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        return Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));
    }

    /// <summary>The largest magnitude over 127, rounded up to bfloat16 so that no weight is cut off.</summary>
    private static float Int8Scale(float* line)
    {
        uint rounded = (BitConverter.SingleToUInt32Bits(LargestMagnitude(line) / Largest8) + 0xFFFF) & 0xFFFF0000;
        float result = BitConverter.UInt32BitsToSingle(rounded);
        // Subnormal scales have no usable inverse; such groups are zero for every purpose.
        return result < 1e-30f || !float.IsFinite(result) ? 0f : result;
    }
}
