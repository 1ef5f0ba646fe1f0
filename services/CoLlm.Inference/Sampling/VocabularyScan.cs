using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace CoLlm.Inference.Sampling;

/// <summary>
/// Reductions over one row of logits. The order of additions is fixed by the length alone (sixteen lanes, whatever the
/// processor's width), so equal rows give equal bits wherever they lie in memory.
/// </summary>
public static class VocabularyScan
{
    /// <summary>Index of the largest value, the first where several are; NaN never wins. Zero where nothing does.</summary>
    public static int Argmax(ReadOnlySpan<float> values) => FirstIndexOf(values, Max(values));

    /// <summary>The first index of a value; zero where it does not occur.</summary>
    internal static int FirstIndexOf(ReadOnlySpan<float> values, float value)
    {
        ReadOnlySpan<Vector512<float>> vectors = MemoryMarshal.Cast<float, Vector512<float>>(values);
        Vector512<float> wanted = Vector512.Create(value);
        for (int i = 0; i < vectors.Length; i++)
        {
            ulong equalLanes = Vector512.Equals(vectors[i], wanted).ExtractMostSignificantBits();
            if (equalLanes != 0)
                return i * Vector512<float>.Count + System.Numerics.BitOperations.TrailingZeroCount(equalLanes);
        }

        for (int i = vectors.Length * Vector512<float>.Count; i < values.Length; i++)
        {
            if (values[i] == value)
                return i;
        }

        return 0;
    }

    /// <summary>The largest value; NaN never wins; negative infinity where nothing does.</summary>
    public static float Max(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<Vector512<float>> vectors = MemoryMarshal.Cast<float, Vector512<float>>(values);
        Vector512<float> lanes = Vector512.Create(float.NegativeInfinity);
        foreach (Vector512<float> vector in vectors)
            lanes = Vector512.ConditionalSelect(Vector512.GreaterThan(vector, lanes), vector, lanes);

        float largest = float.NegativeInfinity;
        for (int lane = 0; lane < Vector512<float>.Count; lane++)
            largest = lanes[lane] > largest ? lanes[lane] : largest;
        foreach (float value in values[(vectors.Length * Vector512<float>.Count)..])
            largest = value > largest ? value : largest;
        return largest;
    }

    /// <summary>Sum in double precision, so that a vocabulary of a hundred thousand small weights loses nothing.</summary>
    public static double Sum(ReadOnlySpan<float> values) => SumOf(AddLanes(Vector512<double>.Zero, values), values);

    /// <summary>Adds the whole vectors of the values to the lanes.</summary>
    private static Vector512<double> AddLanes(Vector512<double> lanes, ReadOnlySpan<float> values)
    {
        foreach (Vector256<float> vector in MemoryMarshal.Cast<float, Vector256<float>>(values))
        {
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(vector);
            lanes += Vector512.Create(lower, upper);
        }

        return lanes;
    }

    /// <summary>The sum of the lanes and of the values after the last whole vector.</summary>
    private static double SumOf(Vector512<double> lanes, ReadOnlySpan<float> values)
    {
        double sum = 0;
        for (int lane = 0; lane < Vector512<double>.Count; lane++)
            sum += lanes[lane];
        foreach (float value in values[(values.Length / Vector256<float>.Count * Vector256<float>.Count)..])
            sum += value;
        return sum;
    }

    /// <summary>Natural logarithm of the sum of <c>exp(logits)</c>: what turns a logit into a log-probability.</summary>
    /// <param name="logits">Finite values. <c>[vocabulary]</c></param>
    /// <param name="scratch">Overwritten; at least as long.</param>
    public static double LogSumExp(ReadOnlySpan<float> logits, Span<float> scratch) => LogSumExp(logits, scratch, out _, out _);

    /// <summary>
    /// As above; leaves <c>exp(logits - largest)</c> in <paramref name="scratch"/>, and their <paramref name="sum"/>.
    /// </summary>
    public static double LogSumExp(ReadOnlySpan<float> logits, Span<float> scratch, out float largest, out double sum)
    {
        largest = Max(logits);
        sum = ExpOf(logits, largest, scratch[..logits.Length]);
        return largest + Math.Log(sum);
    }

    /// <summary>Writes <c>exp(logits - largest)</c> and returns the sum, in blocks that stay in the first-level cache.</summary>
    private static double ExpOf(ReadOnlySpan<float> logits, float largest, Span<float> weights)
    {
        const int blockLength = 2048;
        Vector512<double> lanes = Vector512<double>.Zero;
        for (int start = 0; start < logits.Length; start += blockLength)
        {
            Span<float> block = weights.Slice(start, Math.Min(blockLength, logits.Length - start));
            TensorPrimitives.Subtract(logits.Slice(start, block.Length), largest, block);
            TensorPrimitives.Exp(block, block);
            lanes = AddLanes(lanes, block);
        }

        return SumOf(lanes, weights);
    }

    /// <summary>
    /// The first index at which the running sum of the weights passes <paramref name="target"/>, never one of weight zero; the last one
    /// with a weight where rounding keeps the sum below. Whole blocks are summed first, so most weights are only read.
    /// </summary>
    public static int IndexAtMass(ReadOnlySpan<float> weights, double target)
    {
        const int blockLength = 256;
        double sum = 0;
        for (int start = 0; start < weights.Length; start += blockLength)
        {
            ReadOnlySpan<float> block = weights.Slice(start, Math.Min(blockLength, weights.Length - start));
            double blockSum = Sum(block);
            if (sum + blockSum <= target)
            {
                sum += blockSum;
                continue;
            }

            // A weight of zero never passes the target: the sum before it did not.
            for (int i = 0; i < block.Length; i++)
            {
                sum += block[i];
                if (sum > target)
                    return start + i;
            }
        }

        return Math.Max(0, weights.LastIndexOfAnyExcept(0f));
    }
}
