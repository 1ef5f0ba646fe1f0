using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// Up to 12 activation rows times 32 output columns. Each output is one sequence of fused multiply-adds over the depth in one
/// accumulator, whatever the number of rows, the register width or the way the depth is cut into calls: that makes batch size,
/// chunking and thread count invisible in the result.
/// </summary>
internal static unsafe class FloatTile
{
    /// <summary>Output columns of a tile: the two halves of a panel.</summary>
    public const int Columns = 32;

    private const int PrefetchBytes = 4096;

    /// <summary><c>output[r, n] (+)= sum over k of input[k, r] * weights[k, n]</c>, k ascending.</summary>
    /// <param name="low">Columns 0..15 of the first depth step.</param>
    /// <param name="high">Columns 16..31 of the first depth step; not read by formats that keep both halves in one lane.</param>
    /// <param name="stride">Bytes from one depth step to the next.</param>
    /// <param name="input">Activations, rows of one depth step adjacent. <c>[depth, rows]</c></param>
    /// <param name="depth">Depth steps.</param>
    /// <param name="output">First of the 32 columns of row 0.</param>
    /// <param name="outputStride">Floats from one row to the next.</param>
    /// <param name="accumulate">Continue from what <paramref name="output"/> holds instead of from zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TSimd, TV, TI, TFormat, TRows>(
        byte* low, byte* high, long stride, float* input, int depth, float* output, long outputStride, bool accumulate)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
        where TFormat : struct, IWeightFormat
        where TRows : struct, IRowCount
    {
        TV zero = TSimd.Broadcast(0f);
        for (int lane = 0; lane < 16; lane += TSimd.Width)
        {
            TV a0 = accumulate ? TSimd.Load(output) : zero;
            TV b0 = accumulate ? TSimd.Load(output + 16) : zero;
            TV a1 = zero, b1 = zero;
            TV a2 = zero, b2 = zero;
            TV a3 = zero, b3 = zero;
            TV a4 = zero, b4 = zero;
            TV a5 = zero, b5 = zero;
            TV a6 = zero, b6 = zero;
            TV a7 = zero, b7 = zero;
            TV a8 = zero, b8 = zero;
            TV a9 = zero, b9 = zero;
            TV a10 = zero, b10 = zero;
            TV a11 = zero, b11 = zero;
            if (accumulate)
            {
                if (TRows.Value > 1)
                    LoadRow<TSimd, TV, TI>(output + (1 * outputStride), out a1, out b1);
                if (TRows.Value > 2)
                    LoadRow<TSimd, TV, TI>(output + (2 * outputStride), out a2, out b2);
                if (TRows.Value > 3)
                    LoadRow<TSimd, TV, TI>(output + (3 * outputStride), out a3, out b3);
                if (TRows.Value > 4)
                    LoadRow<TSimd, TV, TI>(output + (4 * outputStride), out a4, out b4);
                if (TRows.Value > 5)
                    LoadRow<TSimd, TV, TI>(output + (5 * outputStride), out a5, out b5);
                if (TRows.Value > 6)
                    LoadRow<TSimd, TV, TI>(output + (6 * outputStride), out a6, out b6);
                if (TRows.Value > 7)
                    LoadRow<TSimd, TV, TI>(output + (7 * outputStride), out a7, out b7);
                if (TRows.Value > 8)
                    LoadRow<TSimd, TV, TI>(output + (8 * outputStride), out a8, out b8);
                if (TRows.Value > 9)
                    LoadRow<TSimd, TV, TI>(output + (9 * outputStride), out a9, out b9);
                if (TRows.Value > 10)
                    LoadRow<TSimd, TV, TI>(output + (10 * outputStride), out a10, out b10);
                if (TRows.Value > 11)
                    LoadRow<TSimd, TV, TI>(output + (11 * outputStride), out a11, out b11);
            }
            byte* lowStep = low;
            byte* highStep = high;
            float* inputStep = input;
            for (int k = 0; k < depth; k++)
            {
                if (Sse.IsSupported)
                    Sse.Prefetch0(lowStep + PrefetchBytes);
                TV lowWeights = TFormat.Low<TSimd, TV, TI>(lowStep);
                TV highWeights = TFormat.High<TSimd, TV, TI>(lowStep, highStep);
                TV x = TSimd.Broadcast(inputStep[0]);
                a0 = TSimd.MultiplyAdd(lowWeights, x, a0);
                b0 = TSimd.MultiplyAdd(highWeights, x, b0);
                if (TRows.Value > 1)
                {
                    x = TSimd.Broadcast(inputStep[1]);
                    a1 = TSimd.MultiplyAdd(lowWeights, x, a1);
                    b1 = TSimd.MultiplyAdd(highWeights, x, b1);
                }
                if (TRows.Value > 2)
                {
                    x = TSimd.Broadcast(inputStep[2]);
                    a2 = TSimd.MultiplyAdd(lowWeights, x, a2);
                    b2 = TSimd.MultiplyAdd(highWeights, x, b2);
                }
                if (TRows.Value > 3)
                {
                    x = TSimd.Broadcast(inputStep[3]);
                    a3 = TSimd.MultiplyAdd(lowWeights, x, a3);
                    b3 = TSimd.MultiplyAdd(highWeights, x, b3);
                }
                if (TRows.Value > 4)
                {
                    x = TSimd.Broadcast(inputStep[4]);
                    a4 = TSimd.MultiplyAdd(lowWeights, x, a4);
                    b4 = TSimd.MultiplyAdd(highWeights, x, b4);
                }
                if (TRows.Value > 5)
                {
                    x = TSimd.Broadcast(inputStep[5]);
                    a5 = TSimd.MultiplyAdd(lowWeights, x, a5);
                    b5 = TSimd.MultiplyAdd(highWeights, x, b5);
                }
                if (TRows.Value > 6)
                {
                    x = TSimd.Broadcast(inputStep[6]);
                    a6 = TSimd.MultiplyAdd(lowWeights, x, a6);
                    b6 = TSimd.MultiplyAdd(highWeights, x, b6);
                }
                if (TRows.Value > 7)
                {
                    x = TSimd.Broadcast(inputStep[7]);
                    a7 = TSimd.MultiplyAdd(lowWeights, x, a7);
                    b7 = TSimd.MultiplyAdd(highWeights, x, b7);
                }
                if (TRows.Value > 8)
                {
                    x = TSimd.Broadcast(inputStep[8]);
                    a8 = TSimd.MultiplyAdd(lowWeights, x, a8);
                    b8 = TSimd.MultiplyAdd(highWeights, x, b8);
                }
                if (TRows.Value > 9)
                {
                    x = TSimd.Broadcast(inputStep[9]);
                    a9 = TSimd.MultiplyAdd(lowWeights, x, a9);
                    b9 = TSimd.MultiplyAdd(highWeights, x, b9);
                }
                if (TRows.Value > 10)
                {
                    x = TSimd.Broadcast(inputStep[10]);
                    a10 = TSimd.MultiplyAdd(lowWeights, x, a10);
                    b10 = TSimd.MultiplyAdd(highWeights, x, b10);
                }
                if (TRows.Value > 11)
                {
                    x = TSimd.Broadcast(inputStep[11]);
                    a11 = TSimd.MultiplyAdd(lowWeights, x, a11);
                    b11 = TSimd.MultiplyAdd(highWeights, x, b11);
                }
                lowStep += stride;
                highStep += stride;
                inputStep += TRows.Value;
            }
            TSimd.Store(a0, output);
            TSimd.Store(b0, output + 16);
            if (TRows.Value > 1)
                StoreRow<TSimd, TV, TI>(a1, b1, output + (1 * outputStride));
            if (TRows.Value > 2)
                StoreRow<TSimd, TV, TI>(a2, b2, output + (2 * outputStride));
            if (TRows.Value > 3)
                StoreRow<TSimd, TV, TI>(a3, b3, output + (3 * outputStride));
            if (TRows.Value > 4)
                StoreRow<TSimd, TV, TI>(a4, b4, output + (4 * outputStride));
            if (TRows.Value > 5)
                StoreRow<TSimd, TV, TI>(a5, b5, output + (5 * outputStride));
            if (TRows.Value > 6)
                StoreRow<TSimd, TV, TI>(a6, b6, output + (6 * outputStride));
            if (TRows.Value > 7)
                StoreRow<TSimd, TV, TI>(a7, b7, output + (7 * outputStride));
            if (TRows.Value > 8)
                StoreRow<TSimd, TV, TI>(a8, b8, output + (8 * outputStride));
            if (TRows.Value > 9)
                StoreRow<TSimd, TV, TI>(a9, b9, output + (9 * outputStride));
            if (TRows.Value > 10)
                StoreRow<TSimd, TV, TI>(a10, b10, output + (10 * outputStride));
            if (TRows.Value > 11)
                StoreRow<TSimd, TV, TI>(a11, b11, output + (11 * outputStride));
            low += TSimd.Width * sizeof(float);
            high += TSimd.Width * sizeof(float);
            output += TSimd.Width;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadRow<TSimd, TV, TI>(float* output, out TV low, out TV high)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        low = TSimd.Load(output);
        high = TSimd.Load(output + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow<TSimd, TV, TI>(TV low, TV high, float* output)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TSimd.Store(low, output);
        TSimd.Store(high, output + 16);
    }
}
