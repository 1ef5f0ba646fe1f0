using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// Activation rows times one panel of 32 columns in 8-bit integers: exact integer dot products over groups of 32 depth steps,
/// then one fused multiply-add per group, in order. The same bits at every register width and tile size.
/// </summary>
/// <remarks>
/// A group of a panel is 32 bfloat16 scales (placed as bfloat16 weights are) and then, for each run of 4 depth steps, 32 columns
/// times 4 bytes, each byte the weight plus 128. Unsigned bytes suit processors that multiply unsigned by signed bytes; here
/// they are split into 16-bit halves, which every processor multiplies exactly.
/// </remarks>
internal static unsafe class Int8Tile
{
    private const int PrefetchBytes = 4096;

    public const int ScaleBytes = 64;
    public const int GroupBytes = ScaleBytes + 1024;

    /// <summary>What a stored weight is above its value.</summary>
    public const int WeightOffset = 128;
    /// <summary>Integers that one row takes in a packed group: scale, correction, and 32 values in 16 bits.</summary>
    public const int InputInts = 18;

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
        TI bytes = TSimd.BroadcastInt(0x00FF00FF);
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
            byte* scales = panel + (lane * sizeof(int));
            int* groupInput = input;
            for (int g = 0; g < groups; g++)
            {
                TI p0 = none, q0 = none;
                TI p1 = none, q1 = none;
                TI p2 = none, q2 = none;
                TI p3 = none, q3 = none;
                TI p4 = none, q4 = none;
                TI p5 = none, q5 = none;
                byte* weights = scales + ScaleBytes;
                int* values = groupInput + (2 * TRows.Value);
                for (int s = 0; s < 8; s++)
                {
                    if (Sse.IsSupported)
                    {
                        Sse.Prefetch0(weights + PrefetchBytes);
                        Sse.Prefetch0(weights + PrefetchBytes + 64);
                    }
                    TI low = TSimd.LoadInt((int*)weights);
                    TI high = TSimd.LoadInt((int*)(weights + 64));
                    TI lowEven = TSimd.And(low, bytes);
                    TI lowOdd = TSimd.ShiftRightShort(low, 8);
                    TI highEven = TSimd.And(high, bytes);
                    TI highOdd = TSimd.ShiftRightShort(high, 8);
                    TI even, odd;
                    even = TSimd.BroadcastInt(values[2 * 0]);
                    odd = TSimd.BroadcastInt(values[(2 * 0) + 1]);
                    p0 = TSimd.MultiplyAddPairs(lowOdd, odd, TSimd.MultiplyAddPairs(lowEven, even, p0));
                    q0 = TSimd.MultiplyAddPairs(highOdd, odd, TSimd.MultiplyAddPairs(highEven, even, q0));
                    if (TRows.Value > 1)
                    {
                        even = TSimd.BroadcastInt(values[2 * 1]);
                        odd = TSimd.BroadcastInt(values[(2 * 1) + 1]);
                        p1 = TSimd.MultiplyAddPairs(lowOdd, odd, TSimd.MultiplyAddPairs(lowEven, even, p1));
                        q1 = TSimd.MultiplyAddPairs(highOdd, odd, TSimd.MultiplyAddPairs(highEven, even, q1));
                    }
                    if (TRows.Value > 2)
                    {
                        even = TSimd.BroadcastInt(values[2 * 2]);
                        odd = TSimd.BroadcastInt(values[(2 * 2) + 1]);
                        p2 = TSimd.MultiplyAddPairs(lowOdd, odd, TSimd.MultiplyAddPairs(lowEven, even, p2));
                        q2 = TSimd.MultiplyAddPairs(highOdd, odd, TSimd.MultiplyAddPairs(highEven, even, q2));
                    }
                    if (TRows.Value > 3)
                    {
                        even = TSimd.BroadcastInt(values[2 * 3]);
                        odd = TSimd.BroadcastInt(values[(2 * 3) + 1]);
                        p3 = TSimd.MultiplyAddPairs(lowOdd, odd, TSimd.MultiplyAddPairs(lowEven, even, p3));
                        q3 = TSimd.MultiplyAddPairs(highOdd, odd, TSimd.MultiplyAddPairs(highEven, even, q3));
                    }
                    if (TRows.Value > 4)
                    {
                        even = TSimd.BroadcastInt(values[2 * 4]);
                        odd = TSimd.BroadcastInt(values[(2 * 4) + 1]);
                        p4 = TSimd.MultiplyAddPairs(lowOdd, odd, TSimd.MultiplyAddPairs(lowEven, even, p4));
                        q4 = TSimd.MultiplyAddPairs(highOdd, odd, TSimd.MultiplyAddPairs(highEven, even, q4));
                    }
                    if (TRows.Value > 5)
                    {
                        even = TSimd.BroadcastInt(values[2 * 5]);
                        odd = TSimd.BroadcastInt(values[(2 * 5) + 1]);
                        p5 = TSimd.MultiplyAddPairs(lowOdd, odd, TSimd.MultiplyAddPairs(lowEven, even, p5));
                        q5 = TSimd.MultiplyAddPairs(highOdd, odd, TSimd.MultiplyAddPairs(highEven, even, q5));
                    }
                    weights += 128;
                    values += 2 * TRows.Value;
                }
                TV lowScale = TSimd.AsFloat(TSimd.ShiftLeft(TSimd.LoadInt((int*)scales), 16));
                TV highScale = TSimd.AsFloat(TSimd.And(TSimd.LoadInt((int*)scales), TSimd.BroadcastInt(unchecked((int)0xFFFF0000))));
                a0 = Finish<TSimd, TV, TI>(p0, groupInput, 0, TRows.Value, lowScale, a0);
                b0 = Finish<TSimd, TV, TI>(q0, groupInput, 0, TRows.Value, highScale, b0);
                if (TRows.Value > 1)
                {
                    a1 = Finish<TSimd, TV, TI>(p1, groupInput, 1, TRows.Value, lowScale, a1);
                    b1 = Finish<TSimd, TV, TI>(q1, groupInput, 1, TRows.Value, highScale, b1);
                }
                if (TRows.Value > 2)
                {
                    a2 = Finish<TSimd, TV, TI>(p2, groupInput, 2, TRows.Value, lowScale, a2);
                    b2 = Finish<TSimd, TV, TI>(q2, groupInput, 2, TRows.Value, highScale, b2);
                }
                if (TRows.Value > 3)
                {
                    a3 = Finish<TSimd, TV, TI>(p3, groupInput, 3, TRows.Value, lowScale, a3);
                    b3 = Finish<TSimd, TV, TI>(q3, groupInput, 3, TRows.Value, highScale, b3);
                }
                if (TRows.Value > 4)
                {
                    a4 = Finish<TSimd, TV, TI>(p4, groupInput, 4, TRows.Value, lowScale, a4);
                    b4 = Finish<TSimd, TV, TI>(q4, groupInput, 4, TRows.Value, highScale, b4);
                }
                if (TRows.Value > 5)
                {
                    a5 = Finish<TSimd, TV, TI>(p5, groupInput, 5, TRows.Value, lowScale, a5);
                    b5 = Finish<TSimd, TV, TI>(q5, groupInput, 5, TRows.Value, highScale, b5);
                }
                scales += GroupBytes;
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
    private static TV Finish<TSimd, TV, TI>(TI dot, int* groupInput, int row, int rows, TV weightScale, TV sum)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TV exact = TSimd.ConvertToFloat(TSimd.AddInt(dot, TSimd.BroadcastInt(groupInput[rows + row])));
        TV scale = TSimd.Multiply(weightScale, TSimd.Broadcast(((float*)groupInput)[row]));
        return TSimd.MultiplyAdd(exact, scale, sum);
    }
}
