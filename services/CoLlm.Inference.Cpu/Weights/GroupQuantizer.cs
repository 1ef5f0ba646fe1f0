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
    public static void Pack(float* weights, WeightKind kind, byte* target)
    {
        byte* values = stackalloc byte[Block];
        ushort* scales = (ushort*)target;
        for (int column = 0; column < FloatTile.Columns; column++)
        {
            float* line = weights + (column * Block);
            float scale = kind == WeightKind.Int8 ? Int8Scale(line) : Int4Scale(line);
            scales[(column % 16 * 2) + (column / 16)] = (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16);
            if (kind == WeightKind.Int8)
            {
                Quantize(line, scale, 127, 128, values);
                byte* place = target + Int8Tile.ScaleBytes + (column / 16 * 64) + (column % 16 * 4);
                for (int k = 0; k < Block; k++)
                    place[(k / 4 * 128) + (k % 4)] = values[k];
            }
            else
            {
                Quantize(line, scale, 7, 8, values);
                byte* place = target + Int4Tile.ScaleBytes + (column / 16 * 64) + (column % 16 * 4);
                for (int k = 0; k < Block / 2; k++)
                    place[(k / 4 * 128) + (k % 4)] = (byte)(values[k] | (values[k + (Block / 2)] << 4));
            }
        }
    }

    private static void Quantize(float* line, float scale, int largest, int offset, byte* values)
    {
        float inverse = scale != 0f ? 1f / scale : 0f;
        for (int k = 0; k < Block; k++)
        {
            int value = BitConverter.SingleToInt32Bits((line[k] * inverse) + RoundingShift) - BitConverter.SingleToInt32Bits(RoundingShift);
            values[k] = (byte)(Math.Min(value, largest) + offset);
        }
    }

    /// <summary>The largest magnitude over 127, rounded up to bfloat16 so that no weight is cut off.</summary>
    private static float Int8Scale(float* line)
    {
        float largest = 0f;
        for (int k = 0; k < Block; k++)
            largest = Math.Max(largest, Math.Abs(line[k]));
        return RoundAwayFromZero(largest / 127f);
    }

    /// <summary>The weight of largest magnitude becomes -8, so all sixteen values are used.</summary>
    private static float Int4Scale(float* line)
    {
        float largest = 0f;
        for (int k = 0; k < Block; k++)
            largest = Math.Abs(line[k]) > Math.Abs(largest) ? line[k] : largest;
        return RoundAwayFromZero(largest / -8f);
    }

    private static float RoundAwayFromZero(float value)
    {
        uint rounded = (BitConverter.SingleToUInt32Bits(value) + 0xFFFF) & 0xFFFF0000;
        float result = BitConverter.UInt32BitsToSingle(rounded);
        // Subnormal scales have no usable inverse; such groups are zero for every purpose.
        return Math.Abs(result) < 1e-30f || !float.IsFinite(result) ? 0f : result;
    }
}
