using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Packs one panel of a matrix from checkpoint rows, 32 by 32 weights at a time, and refuses weights that are not finite.</summary>
internal static unsafe class PanelPacker
{
    private const int Block = 32;

    /// <exception cref="CheckpointException">A weight is NaN or infinite.</exception>
    public static void Pack(MatrixPlan plan, int panel, byte* target)
    {
        byte** rows = stackalloc byte*[FloatTile.Columns];
        ElementType* types = stackalloc ElementType[FloatTile.Columns];
        for (int i = 0; i < FloatTile.Columns; i++)
        {
            bool exists = plan.TryGetRow((panel * FloatTile.Columns) + i, out TensorView tensor, out long row);
            types[i] = tensor.ElementType;
            rows[i] = exists ? tensor.Data + (row * plan.Depth * Elements.ByteSize(tensor.ElementType)) : null;
        }

        float* columnScales = stackalloc float[FloatTile.Columns];
        if (plan.Kind == WeightKind.Int4)
        {
            WriteColumnScales(rows, types, plan.Depth, columnScales, (ushort*)target);
            target += plan.Kind.PanelHeaderBytes();
        }
        for (int start = 0; start < plan.Depth; start += Block)
        {
            int count = Math.Min(Block, plan.Depth - start);
            bool finite = plan.Kind is WeightKind.Float16 or WeightKind.BFloat16
                ? PackHalves(rows, start, count, plan.Kind == WeightKind.BFloat16, (uint*)target)
                : PackFloats(rows, types, start, count, plan.Kind, columnScales, target);
            if (!finite)
                ThrowNotFinite(plan, panel, start, count);
            target += plan.Kind.IsInteger() ? plan.Kind.UnitBytes() : (long)count * plan.Kind.UnitBytes();
        }
    }

    /// <summary>The header of a panel of 4-bit weights: powers of two in bfloat16, placed as bfloat16 weights are.</summary>
    private static void WriteColumnScales(byte** rows, ElementType* types, int depth, float* columnScales, ushort* header)
    {
        for (int i = 0; i < FloatTile.Columns; i++)
        {
            columnScales[i] = rows[i] == null ? 0f : Int4Quantizer.ColumnScale(Elements.LargestMagnitude(rows[i], types[i], depth));
            header[(i % 16 * 2) + (i / 16)] = (ushort)(BitConverter.SingleToUInt32Bits(columnScales[i]) >> 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool PackHalves(byte** rows, int start, int count, bool isBFloat16, uint* target)
    {
        ushort* staged = stackalloc ushort[FloatTile.Columns * Block];
        var exponent = Vector256.Create(isBFloat16 ? (ushort)0x7F80 : (ushort)0x7C00);
        Vector256<ushort> bad = Vector256<ushort>.Zero;
        for (int i = 0; i < FloatTile.Columns; i++)
        {
            ushort* line = staged + (i * Block);
            if (rows[i] == null || count < Block)
                new Span<ushort>(line, Block).Clear();
            if (rows[i] == null)
                continue;
            ushort* source = (ushort*)rows[i] + start;
            if (count < Block)
            {
                new ReadOnlySpan<ushort>(source, count).CopyTo(new Span<ushort>(line, Block));
            }
            else
            {
                Vector256.Load(source).Store(line);
                Vector256.Load(source + 16).Store(line + 16);
            }
            bad |= Vector256.Equals(Vector256.Load(line) & exponent, exponent);
            bad |= Vector256.Equals(Vector256.Load(line + 16) & exponent, exponent);
        }
        if (Avx2.IsSupported && count == Block)
        {
            for (int k = 0; k < Block; k += 8)
            {
                HalfTranspose.Run(staged + k, Block, target + (k * 16));
                HalfTranspose.Run(staged + (8 * Block) + k, Block, target + (k * 16) + 8);
            }
        }
        else
        {
            for (int k = 0; k < count; k++)
            {
                for (int j = 0; j < 16; j++)
                    target[(k * 16) + j] = staged[(j * Block) + k] | ((uint)staged[((j + 16) * Block) + k] << 16);
            }
        }
        return bad == Vector256<ushort>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool PackFloats(
        byte** rows, ElementType* types, int start, int count, WeightKind kind, float* columnScales, byte* target)
    {
        float* staged = stackalloc float[FloatTile.Columns * Block];
        bool finite = true;
        for (int i = 0; i < FloatTile.Columns; i++)
        {
            var line = new Span<float>(staged + (i * Block), Block);
            if (rows[i] == null || count < Block)
                line.Clear();
            if (rows[i] != null)
                Elements.ToFloats(rows[i], types[i], start, line[..count]);
            finite &= Elements.AllFinite(line);
        }
        if (kind.IsInteger())
        {
            if (finite && kind == WeightKind.Int8)
                GroupQuantizer.PackInt8(staged, target);
            else if (finite)
                Int4Quantizer.Pack(staged, columnScales, target);
            return finite;
        }
        float* floats = (float*)target;
        for (int k = 0; k < count; k++)
        {
            for (int i = 0; i < FloatTile.Columns; i++)
                floats[(k * FloatTile.Columns) + i] = staged[(i * Block) + k];
        }
        return finite;
    }

    private static void ThrowNotFinite(MatrixPlan plan, int panel, int start, int count)
    {
        for (int i = 0; i < FloatTile.Columns; i++)
        {
            if (plan.TryGetRow((panel * FloatTile.Columns) + i, out TensorView tensor, out long row))
                Elements.RequireFinite(tensor, (row * plan.Depth) + start, count);
        }
    }
}
