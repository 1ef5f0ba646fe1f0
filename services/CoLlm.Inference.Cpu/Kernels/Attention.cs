using System.Runtime.CompilerServices;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// The row-wise part of attention over one span of positions. A span is 256 positions at a multiple of 256, whatever the
/// chunking; each span is reduced by itself and merged into the spans before it in order, so a query's result depends on its
/// own position and keys alone.
/// </summary>
internal static unsafe class Attention
{
    /// <summary>Positions in a span.</summary>
    public const int Span = 256;

    /// <summary>Positions whose keys lie interleaved: the lanes of a score register.</summary>
    public const int KeyBlock = 16;

    /// <summary>
    /// Turns scores into weights <c>e^(scale * score - largest)</c>, masked positions into exact zeros, and returns their sum.
    /// </summary>
    /// <param name="scores">Scores of positions <paramref name="begin"/> .. <paramref name="end"/> - 1 of the span, in place.</param>
    /// <param name="begin">First position of the span in the buffer, a multiple of 16.</param>
    /// <param name="end">End of the buffer's range, a multiple of 16.</param>
    /// <param name="first">First position that this row attends to.</param>
    /// <param name="last">Last position that this row attends to; below <paramref name="first"/> when there is none.</param>
    /// <param name="scale">Factor of the scores.</param>
    /// <param name="largest">The largest scaled score.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Softmax<TSimd, TV, TI>(float* scores, int begin, int end, int first, int last, float scale, float* largest)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        for (int t = begin; t < first; t++)
            scores[t] = float.NegativeInfinity;
        for (int t = last + 1; t < end; t++)
            scores[t] = float.NegativeInfinity;

        TV factor = TSimd.Broadcast(scale);
        TV most = TSimd.Broadcast(float.NegativeInfinity);
        for (int t = begin; t < end; t += TSimd.Width)
        {
            TV scaled = TSimd.Multiply(TSimd.Load(scores + t), factor);
            TSimd.Store(scaled, scores + t);
            most = TSimd.Larger(scaled, most);
        }
        float* lanes = stackalloc float[KeyBlock];
        TSimd.Store(most, lanes);
        float maximum = lanes[0];
        for (int i = 1; i < TSimd.Width; i++)
            maximum = lanes[i] > maximum ? lanes[i] : maximum;
        *largest = maximum;

        TV subtrahend = TSimd.Broadcast(maximum);
        for (int lane = 0; lane < KeyBlock; lane += TSimd.Width)
        {
            TV sum = TSimd.Broadcast(0f);
            for (int t = begin + lane; t < end; t += KeyBlock)
            {
                TV weight = Exponential.Compute<TSimd, TV, TI>(TSimd.Subtract(TSimd.Load(scores + t), subtrahend));
                TSimd.Store(weight, scores + t);
                sum = TSimd.Add(sum, weight);
            }
            TSimd.Store(sum, lanes + lane);
        }
        return RowKernels.AddPartialSums(lanes);
    }

    /// <summary>
    /// Merges a span into the running result of a row: both are rescaled to the larger of the two maxima and added.
    /// </summary>
    /// <param name="state">Running maximum and sum of weights; the maximum is minus infinity before the first span.</param>
    /// <param name="running">Running weighted values. <c>[length]</c></param>
    /// <param name="largest">The span's largest score.</param>
    /// <param name="sum">The span's sum of weights.</param>
    /// <param name="values">The span's weighted values. <c>[length]</c></param>
    /// <param name="length">Multiple of 16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Merge<TSimd, TV, TI>(float* state, float* running, float largest, float sum, float* values, int length)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        float maximum = state[0] > largest ? state[0] : largest;
        float keep = Scalar<TSimd, TV, TI>(state[0] - maximum);
        float add = Scalar<TSimd, TV, TI>(largest - maximum);
        state[1] = (state[1] * keep) + (sum * add);
        state[0] = maximum;
        TV keepAll = TSimd.Broadcast(keep);
        TV addAll = TSimd.Broadcast(add);
        for (int i = 0; i < length; i += TSimd.Width)
        {
            TV kept = TSimd.Multiply(TSimd.Load(running + i), keepAll);
            TSimd.Store(TSimd.Add(kept, TSimd.Multiply(TSimd.Load(values + i), addAll)), running + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Scalar<TSimd, TV, TI>(float x)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        float* lanes = stackalloc float[KeyBlock];
        TSimd.Store(Exponential.Compute<TSimd, TV, TI>(TSimd.Broadcast(x)), lanes);
        return lanes[0];
    }
}
