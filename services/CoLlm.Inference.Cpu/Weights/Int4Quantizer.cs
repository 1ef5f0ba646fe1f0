using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// Rounds groups of 32 weights to 4 bits and packs them for <see cref="Int4Tile"/>. A group's scale has 8 bits and is relative to a
/// power of two of its column; of the three values nearest below and above what the largest weight asks for, the one with the
/// smallest squared error is taken, which more than makes up for their coarseness.
/// </summary>
internal static unsafe class Int4Quantizer
{
    private const int GroupSize = GroupQuantizer.GroupSize;
    private const int Smallest = -8;
    private const int Largest = 7;
    private const int Candidates = 3;
    private const int LargestCode = 127;
    private const int NegativeCode = 128;
    private const int CodeShift = Int4Tile.ScaleShift;
    private const float RoundingShift = 12582912f;

    /// <summary>The power of two that a column's scales are relative to, such that the largest of them is near one; zero for a column of zeros.</summary>
    /// <param name="largestMagnitude">Of the column's weights.</param>
    public static float ColumnScale(float largestMagnitude)
    {
        float scale = largestMagnitude / -Smallest;
        // Smaller ones have no usable inverse; such columns are zero for every purpose.
        if (scale < 1e-30f)
            return 0f;
        uint stepAbove = BitConverter.SingleToUInt32Bits(scale) + (1 << CodeShift);
        return BitConverter.UInt32BitsToSingle(stepAbove & 0x7F800000);
    }

    /// <summary>Packs one group of 32 columns.</summary>
    /// <param name="weights">Columns by depth. <c>[32, 32]</c></param>
    /// <param name="columnScales">From <see cref="ColumnScale"/>. <c>[32]</c></param>
    /// <param name="target">The group, in the layout of <see cref="Int4Tile"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* weights, float* columnScales, byte* target)
    {
        byte* values = stackalloc byte[GroupSize];
        uint* words = (uint*)values;
        for (int column = 0; column < FloatTile.Columns; column++)
        {
            float* line = weights + (column * GroupSize);
            int code = ScaleCode(line, columnScales[column]);
            target[column] = (byte)code;
            GroupQuantizer.Quantize(line, Scale(code) * columnScales[column], Smallest, Largest, Int4Tile.WeightOffset, values);
            byte* place = target + Int4Tile.ScaleBytes + (column / 16 * 64) + (column % 16 * 4);
            for (int step = 0; step < GroupSize / 8; step++)
                *(uint*)(place + (step * 128)) = words[step] | (words[step + (GroupSize / 8)] << 4);
        }
    }

    /// <summary>What a code stands for; see <see cref="Int4Tile"/>.</summary>
    private static float Scale(int code) => BitConverter.Int32BitsToSingle(
        (((code << (31 - 7)) | ((code & LargestCode) << CodeShift)) & Int4Tile.ScaleMask) | Int4Tile.ScaleExponent);

    /// <summary>Around the scale that makes the weight of largest magnitude -8, so that all sixteen values are used.</summary>
    private static int ScaleCode(float* line, float columnScale)
    {
        float largest = GroupQuantizer.LargestMagnitude(line);
        if (largest == 0f || columnScale == 0f)
            return 0;
        int sign = new ReadOnlySpan<float>(line, GroupSize).Contains(largest) ? NegativeCode : 0;
        float relative = largest / columnScale / -Smallest;
        int below = (BitConverter.SingleToInt32Bits(relative) - Int4Tile.ScaleExponent) >> CodeShift;
        int best = 0;
        float leastError = float.PositiveInfinity;
        for (int i = 0; i < Candidates; i++)
        {
            int code = Math.Clamp(below - 1 + i, 0, LargestCode) | sign;
            float error = SquaredError(line, Scale(code), columnScale);
            if (error < leastError)
            {
                leastError = error;
                best = code;
            }
        }
        return best;
    }

    /// <summary>In units of the column's scale, so that no magnitude overflows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SquaredError(float* line, float scale, float columnScale)
    {
        Vector256<float> inverse = Vector256.Create(1f / (scale * columnScale));
        Vector256<float> step = Vector256.Create(scale);
        Vector256<float> sum = SquaredError(line, inverse, step) + SquaredError(line + 8, inverse, step)
            + (SquaredError(line + 16, inverse, step) + SquaredError(line + 24, inverse, step));
        // One order of additions, whatever the processor: the same checkpoint is packed to the same bytes everywhere.
        Vector128<float> four = sum.GetLower() + sum.GetUpper();
        return (four[0] + four[1]) + (four[2] + four[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> SquaredError(float* eight, Vector256<float> inverse, Vector256<float> step)
    {
        Vector256<float> shift = Vector256.Create(RoundingShift);
        Vector256<float> steps = Vector256.Load(eight) * inverse;
        Vector256<float> rounded = Vector256.MaxNative(
            Vector256.MinNative(steps + shift - shift, Vector256.Create((float)Largest)), Vector256.Create((float)Smallest));
        Vector256<float> error = (steps - rounded) * step;
        return error * error;
    }
}
