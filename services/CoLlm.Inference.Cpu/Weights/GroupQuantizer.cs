using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// Quantises groups of 32 weights. The scale is rounded to bfloat16 first and the weights are divided by the rounded scale,
/// so its rounding costs almost nothing.
/// </summary>
internal static unsafe class GroupQuantizer
{
    private const int Block = ActivationQuantizer.GroupSize;
    private const float RoundingShift = 12582912f;

    /// <summary>Packs one group of 32 columns.</summary>
    /// <param name="weights">Columns by depth. <c>[32, 32]</c></param>
    /// <param name="kind"><see cref="WeightKind.Int8"/> or <see cref="WeightKind.Int4"/>.</param>
    /// <param name="target">The group, in the layout of <see cref="Int8Tile"/> or <see cref="Int4Tile"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* weights, WeightKind kind, byte* target)
    {
        byte* values = stackalloc byte[Block];
        ushort* scales = (ushort*)target;
        for (int column = 0; column < FloatTile.Columns; column++)
        {
            float* line = weights + (column * Block);
            float scale = kind == WeightKind.Int8 ? Int8Scale(line) : Int4Scale(line);
            scales[(column % 16 * 2) + (column / 16)] = (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16);
            uint* words = (uint*)values;
            if (kind == WeightKind.Int8)
            {
                Quantize(line, scale, 127, 128, values);
                byte* place = target + Int8Tile.ScaleBytes + (column / 16 * 64) + (column % 16 * 4);
                for (int step = 0; step < Block / 4; step++)
                    *(uint*)(place + (step * 128)) = words[step];
            }
            else
            {
                Quantize(line, scale, 7, 8, values);
                byte* place = target + Int4Tile.ScaleBytes + (column / 16 * 64) + (column % 16 * 4);
                for (int step = 0; step < Block / 8; step++)
                    *(uint*)(place + (step * 128)) = words[step] | (words[step + (Block / 8)] << 4);
            }
        }
    }

    private static void Quantize(float* line, float scale, int largest, int offset, byte* values)
    {
        Vector256<float> inverse = Vector256.Create(scale != 0f ? 1f / scale : 0f);
        Vector256<float> shift = Vector256.Create(RoundingShift);
        var most = Vector256.Create(largest);
        var zero = Vector256.Create(offset - BitConverter.SingleToInt32Bits(RoundingShift));
        Vector256<int> first = Round(0), second = Round(8), third = Round(16), fourth = Round(24);
        Vector256.Narrow(Vector256.Narrow(first, second), Vector256.Narrow(third, fourth)).AsByte().Store(values);

        Vector256<int> Round(int k) => Vector256.Min(
            ((Vector256.Load(line + k) * inverse) + shift).AsInt32() + zero, most + Vector256.Create(offset));
    }

    private static Vector256<float> LargestMagnitudes(float* line) => Vector256.Max(
        Vector256.Max(Vector256.Abs(Vector256.Load(line)), Vector256.Abs(Vector256.Load(line + 8))),
        Vector256.Max(Vector256.Abs(Vector256.Load(line + 16)), Vector256.Abs(Vector256.Load(line + 24))));

    private static float LargestMagnitude(float* line)
    {
        Vector256<float> eight = LargestMagnitudes(line);
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return Math.Max(Math.Max(four[0], four[1]), Math.Max(four[2], four[3]));
    }

    /// <summary>The largest magnitude over 127, rounded up to bfloat16 so that no weight is cut off.</summary>
    private static float Int8Scale(float* line) => RoundAwayFromZero(LargestMagnitude(line) / 127f);

    /// <summary>The weight of largest magnitude becomes -8, so all sixteen values are used.</summary>
    private static float Int4Scale(float* line)
    {
        float largest = LargestMagnitude(line);
        bool isPositive = new ReadOnlySpan<float>(line, Block).Contains(largest);
        return RoundAwayFromZero((isPositive ? largest : -largest) / -8f);
    }

    private static float RoundAwayFromZero(float value)
    {
        uint rounded = (BitConverter.SingleToUInt32Bits(value) + 0xFFFF) & 0xFFFF0000;
        float result = BitConverter.UInt32BitsToSingle(rounded);
        // Subnormal scales have no usable inverse; such groups are zero for every purpose.
        return Math.Abs(result) < 1e-30f || !float.IsFinite(result) ? 0f : result;
    }
}
