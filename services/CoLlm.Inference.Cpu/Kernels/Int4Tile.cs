using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// Activation rows times one panel of 32 columns in 4-bit weights and 8-bit activations; otherwise as <see cref="Int8Tile"/>. The
/// sums are relative to the columns' scales, which the panel's header holds and <see cref="RowKernels.ScalePanel"/> applies.
/// </summary>
/// <remarks>
/// A group of a panel is 32 scales of 8 bits and then four pairs of lines, 32 columns times 4 bytes each: line s holds depth steps
/// 4s..4s+3 in the low nibbles and 16 + 4s.. in the high ones, each nibble the weight plus 8. A scale is a sign, three bits of
/// exponent and four of mantissa: from 2^-7 to 1.9375, without a zero, as a group of zeros needs none. Sums of a whole group fit
/// 16 bits: 16 * 15 * 127 per half.
/// </remarks>
internal static unsafe class Int4Tile
{
    private const int PrefetchBytes = 4096;

    public const int ScaleBytes = 32;
    public const int GroupBytes = ScaleBytes + 512;

    /// <summary>Bytes of a panel before its first group: a bfloat16 power of two for each column, placed as bfloat16 weights are.</summary>
    public const int PanelHeaderBytes = 64;

    /// <summary>Where a scale's bits lie once it is extended to 32 bits and shifted left by <see cref="ScaleShift"/>.</summary>
    public const int ScaleMask = unchecked((int)0x83F80000);

    public const int ScaleShift = 19;

    /// <summary>The exponent of the smallest scale.</summary>
    public const int ScaleExponent = (127 - 7) << 23;

    /// <summary>What a stored weight is above its value.</summary>
    public const int WeightOffset = 8;
    /// <summary>Integers that one row takes in a packed group: scale, correction, and 32 values in 8 bits.</summary>
    public const int InputInts = 10;

    /// <summary><c>output[r, n] (+)= sum over groups of dot(input, weights) * scales</c>, groups ascending.</summary>
    /// <param name="panel">First group of the panel.</param>
    /// <param name="input">First group of the rows, as <see cref="ActivationQuantizer"/> packs them.</param>
    /// <param name="groups">Groups of 32 depth steps.</param>
    /// <param name="output">First of the 32 columns of row 0.</param>
    /// <param name="outputStride">Floats from one row to the next.</param>
    /// <param name="accumulate">Continue from what <paramref name="output"/> holds instead of from zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TSimd, TV, TI, TRows>(
        byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
        where TRows : struct, IRowCount
    {
        TV zero = TSimd.Broadcast(0f);
        TI none = TSimd.BroadcastInt(0);
        TI nibbles = TSimd.BroadcastInt(0x0F0F0F0F);
        TI ones = TSimd.BroadcastInt(0x00010001);
        for (int lane = 0; lane < 16; lane += TSimd.Width)
        {
            TV a0 = zero, b0 = zero;
            TV a1 = zero, b1 = zero;
            TV a2 = zero, b2 = zero;
            TV a3 = zero, b3 = zero;
            TV a4 = zero, b4 = zero;
            TV a5 = zero, b5 = zero;
            if (accumulate)
            {
                a0 = TSimd.Load(output + (0 * outputStride));
                b0 = TSimd.Load(output + (0 * outputStride) + 16);
                if (TRows.Value > 1)
                {
                    a1 = TSimd.Load(output + (1 * outputStride));
                    b1 = TSimd.Load(output + (1 * outputStride) + 16);
                }
                if (TRows.Value > 2)
                {
                    a2 = TSimd.Load(output + (2 * outputStride));
                    b2 = TSimd.Load(output + (2 * outputStride) + 16);
                }
                if (TRows.Value > 3)
                {
                    a3 = TSimd.Load(output + (3 * outputStride));
                    b3 = TSimd.Load(output + (3 * outputStride) + 16);
                }
                if (TRows.Value > 4)
                {
                    a4 = TSimd.Load(output + (4 * outputStride));
                    b4 = TSimd.Load(output + (4 * outputStride) + 16);
                }
                if (TRows.Value > 5)
                {
                    a5 = TSimd.Load(output + (5 * outputStride));
                    b5 = TSimd.Load(output + (5 * outputStride) + 16);
                }
            }
            byte* group = panel;
            int* groupInput = input;
            for (int g = 0; g < groups; g++)
            {
                TI p0 = none, q0 = none;
                TI p1 = none, q1 = none;
                TI p2 = none, q2 = none;
                TI p3 = none, q3 = none;
                TI p4 = none, q4 = none;
                TI p5 = none, q5 = none;
                byte* weights = group + ScaleBytes + (lane * sizeof(int));
                int* values = groupInput + (2 * TRows.Value);
                for (int s = 0; s < 4; s++)
                {
                    if (Sse.IsSupported)
                    {
                        Sse.Prefetch0(weights + PrefetchBytes);
                        Sse.Prefetch0(weights + PrefetchBytes + 64);
                    }
                    TI low = TSimd.LoadInt((int*)weights);
                    TI high = TSimd.LoadInt((int*)(weights + 64));
                    TI lowFirst = TSimd.And(low, nibbles);
                    TI lowSecond = TSimd.And(TSimd.ShiftRightShort(low, 4), nibbles);
                    TI highFirst = TSimd.And(high, nibbles);
                    TI highSecond = TSimd.And(TSimd.ShiftRightShort(high, 4), nibbles);
                    TI first, second;
                    first = TSimd.BroadcastInt(values[0]);
                    second = TSimd.BroadcastInt(values[(4 * TRows.Value) + 0]);
                    p0 = TSimd.AddShort(TSimd.AddShort(p0, TSimd.MultiplyAddBytes(lowFirst, first)), TSimd.MultiplyAddBytes(lowSecond, second));
                    q0 = TSimd.AddShort(TSimd.AddShort(q0, TSimd.MultiplyAddBytes(highFirst, first)), TSimd.MultiplyAddBytes(highSecond, second));
                    if (TRows.Value > 1)
                    {
                        first = TSimd.BroadcastInt(values[1]);
                        second = TSimd.BroadcastInt(values[(4 * TRows.Value) + 1]);
                        p1 = TSimd.AddShort(TSimd.AddShort(p1, TSimd.MultiplyAddBytes(lowFirst, first)), TSimd.MultiplyAddBytes(lowSecond, second));
                        q1 = TSimd.AddShort(TSimd.AddShort(q1, TSimd.MultiplyAddBytes(highFirst, first)), TSimd.MultiplyAddBytes(highSecond, second));
                    }
                    if (TRows.Value > 2)
                    {
                        first = TSimd.BroadcastInt(values[2]);
                        second = TSimd.BroadcastInt(values[(4 * TRows.Value) + 2]);
                        p2 = TSimd.AddShort(TSimd.AddShort(p2, TSimd.MultiplyAddBytes(lowFirst, first)), TSimd.MultiplyAddBytes(lowSecond, second));
                        q2 = TSimd.AddShort(TSimd.AddShort(q2, TSimd.MultiplyAddBytes(highFirst, first)), TSimd.MultiplyAddBytes(highSecond, second));
                    }
                    if (TRows.Value > 3)
                    {
                        first = TSimd.BroadcastInt(values[3]);
                        second = TSimd.BroadcastInt(values[(4 * TRows.Value) + 3]);
                        p3 = TSimd.AddShort(TSimd.AddShort(p3, TSimd.MultiplyAddBytes(lowFirst, first)), TSimd.MultiplyAddBytes(lowSecond, second));
                        q3 = TSimd.AddShort(TSimd.AddShort(q3, TSimd.MultiplyAddBytes(highFirst, first)), TSimd.MultiplyAddBytes(highSecond, second));
                    }
                    if (TRows.Value > 4)
                    {
                        first = TSimd.BroadcastInt(values[4]);
                        second = TSimd.BroadcastInt(values[(4 * TRows.Value) + 4]);
                        p4 = TSimd.AddShort(TSimd.AddShort(p4, TSimd.MultiplyAddBytes(lowFirst, first)), TSimd.MultiplyAddBytes(lowSecond, second));
                        q4 = TSimd.AddShort(TSimd.AddShort(q4, TSimd.MultiplyAddBytes(highFirst, first)), TSimd.MultiplyAddBytes(highSecond, second));
                    }
                    if (TRows.Value > 5)
                    {
                        first = TSimd.BroadcastInt(values[5]);
                        second = TSimd.BroadcastInt(values[(4 * TRows.Value) + 5]);
                        p5 = TSimd.AddShort(TSimd.AddShort(p5, TSimd.MultiplyAddBytes(lowFirst, first)), TSimd.MultiplyAddBytes(lowSecond, second));
                        q5 = TSimd.AddShort(TSimd.AddShort(q5, TSimd.MultiplyAddBytes(highFirst, first)), TSimd.MultiplyAddBytes(highSecond, second));
                    }
                    weights += 128;
                    values += TRows.Value;
                }
                TV lowScale = Scale<TSimd, TV, TI>(group + lane);
                TV highScale = Scale<TSimd, TV, TI>(group + 16 + lane);
                a0 = Finish<TSimd, TV, TI>(p0, ones, groupInput, 0, TRows.Value, lowScale, a0);
                b0 = Finish<TSimd, TV, TI>(q0, ones, groupInput, 0, TRows.Value, highScale, b0);
                if (TRows.Value > 1)
                {
                    a1 = Finish<TSimd, TV, TI>(p1, ones, groupInput, 1, TRows.Value, lowScale, a1);
                    b1 = Finish<TSimd, TV, TI>(q1, ones, groupInput, 1, TRows.Value, highScale, b1);
                }
                if (TRows.Value > 2)
                {
                    a2 = Finish<TSimd, TV, TI>(p2, ones, groupInput, 2, TRows.Value, lowScale, a2);
                    b2 = Finish<TSimd, TV, TI>(q2, ones, groupInput, 2, TRows.Value, highScale, b2);
                }
                if (TRows.Value > 3)
                {
                    a3 = Finish<TSimd, TV, TI>(p3, ones, groupInput, 3, TRows.Value, lowScale, a3);
                    b3 = Finish<TSimd, TV, TI>(q3, ones, groupInput, 3, TRows.Value, highScale, b3);
                }
                if (TRows.Value > 4)
                {
                    a4 = Finish<TSimd, TV, TI>(p4, ones, groupInput, 4, TRows.Value, lowScale, a4);
                    b4 = Finish<TSimd, TV, TI>(q4, ones, groupInput, 4, TRows.Value, highScale, b4);
                }
                if (TRows.Value > 5)
                {
                    a5 = Finish<TSimd, TV, TI>(p5, ones, groupInput, 5, TRows.Value, lowScale, a5);
                    b5 = Finish<TSimd, TV, TI>(q5, ones, groupInput, 5, TRows.Value, highScale, b5);
                }
                group += GroupBytes;
                groupInput += InputInts * TRows.Value;
            }
            TSimd.Store(a0, output + (0 * outputStride));
            TSimd.Store(b0, output + (0 * outputStride) + 16);
            if (TRows.Value > 1)
            {
                TSimd.Store(a1, output + (1 * outputStride));
                TSimd.Store(b1, output + (1 * outputStride) + 16);
            }
            if (TRows.Value > 2)
            {
                TSimd.Store(a2, output + (2 * outputStride));
                TSimd.Store(b2, output + (2 * outputStride) + 16);
            }
            if (TRows.Value > 3)
            {
                TSimd.Store(a3, output + (3 * outputStride));
                TSimd.Store(b3, output + (3 * outputStride) + 16);
            }
            if (TRows.Value > 4)
            {
                TSimd.Store(a4, output + (4 * outputStride));
                TSimd.Store(b4, output + (4 * outputStride) + 16);
            }
            if (TRows.Value > 5)
            {
                TSimd.Store(a5, output + (5 * outputStride));
                TSimd.Store(b5, output + (5 * outputStride) + 16);
            }
            output += TSimd.Width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Scale<TSimd, TV, TI>(byte* codes)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TI bits = TSimd.And(TSimd.ShiftLeft(TSimd.LoadSignedBytes(codes), ScaleShift), TSimd.BroadcastInt(ScaleMask));
        return TSimd.AsFloat(TSimd.Or(bits, TSimd.BroadcastInt(ScaleExponent)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Finish<TSimd, TV, TI>(TI pairs, TI ones, int* groupInput, int row, int rows, TV weightScale, TV sum)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TI dot = TSimd.MultiplyAddPairs(pairs, ones, TSimd.BroadcastInt(0));
        TV exact = TSimd.ConvertToFloat(TSimd.AddInt(dot, TSimd.BroadcastInt(groupInput[rows + row])));
        TV scale = TSimd.Multiply(weightScale, TSimd.Broadcast(((float*)groupInput)[row]));
        return TSimd.MultiplyAdd(exact, scale, sum);
    }
}
