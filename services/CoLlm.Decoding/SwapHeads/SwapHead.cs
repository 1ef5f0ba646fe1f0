using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace CoLlm.Decoding.SwapHeads;

/// <summary>
/// Maps the base model's last hidden state to the probability that each expert should write the next token: a softmax over
/// base and experts with logit 0 for the base and <c>theta_k . h</c> for expert k; with one expert that is
/// <c>sigmoid(theta . h)</c>. Immutable; any thread may use it.
/// </summary>
public sealed class SwapHead
{
    public const int MaxExpertCount = 64;

    private readonly float[] _theta;
    private readonly int _rowCount;
    private readonly int[] _reported;

    /// <param name="theta">One row per expert, finite. <c>[experts, hidden]</c></param>
    /// <param name="hiddenSize">Width of a row.</param>
    public SwapHead(ReadOnlySpan<float> theta, int hiddenSize)
        : this(theta.ToArray(), hiddenSize, [.. Enumerable.Range(0, theta.Length / hiddenSize)])
    {
    }

    private SwapHead(float[] theta, int hiddenSize, int[] reported)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(theta.Length % hiddenSize, 0, nameof(theta));
        ArgumentOutOfRangeException.ThrowIfZero(theta.Length, nameof(theta));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(theta.Length / hiddenSize, MaxExpertCount, nameof(theta));
        _theta = theta;
        _rowCount = theta.Length / hiddenSize;
        _reported = reported;
        HiddenSize = hiddenSize;
    }

    public int HiddenSize { get; }

    /// <summary>Experts it reports on, in the order given to <see cref="Restrict"/>.</summary>
    public int ExpertCount => _reported.Length;

    /// <summary>All weights, those of experts not reported on included. <c>[trained experts, hidden]</c></summary>
    public ReadOnlySpan<float> Theta => _theta;

    /// <summary>
    /// A head that reports on some of the experts only. The others keep their share of the softmax, which thereby goes to the base.
    /// </summary>
    /// <param name="expertIndexes">Indexes into this head's experts, each at most once.</param>
    public SwapHead Restrict(ReadOnlySpan<int> expertIndexes)
    {
        int[] reported = new int[expertIndexes.Length];
        for (int i = 0; i < reported.Length; i++)
            reported[i] = _reported[expertIndexes[i]];
        return new SwapHead(_theta, HiddenSize, reported);
    }

    /// <summary>Scores a hidden state.</summary>
    /// <param name="hiddenState">After the final norm. <c>[hidden]</c></param>
    /// <param name="probabilities">Receives each expert's probability; the base has what remains. <c>[experts]</c></param>
    public SwapScore Score(ReadOnlySpan<float> hiddenState, Span<float> probabilities)
    {
        Span<double> weights = stackalloc double[MaxExpertCount];
        double largest = 0;
        for (int row = 0; row < _rowCount; row++)
        {
            weights[row] = Logit(row, hiddenState);
            largest = Math.Max(largest, weights[row]);
        }

        double total = Math.Exp(-largest);
        for (int row = 0; row < _rowCount; row++)
        {
            weights[row] = Math.Exp(weights[row] - largest);
            total += weights[row];
        }

        double sum = 0;
        int best = 0;
        for (int expert = 0; expert < _reported.Length; expert++)
        {
            double weight = weights[_reported[expert]];
            probabilities[expert] = (float)(weight / total);
            sum += weight;
            if (weight > weights[_reported[best]])
                best = expert;
        }

        return new SwapScore((float)(sum / total), best);
    }

    /// <summary>The deferral logit of one trained expert: products added in sixteen lanes, in an order that the width alone fixes.</summary>
    public float Logit(int expertRow, ReadOnlySpan<float> hiddenState)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hiddenState.Length, HiddenSize, nameof(hiddenState));
        ReadOnlySpan<float> theta = _theta.AsSpan(expertRow * HiddenSize, HiddenSize);
        ReadOnlySpan<Vector512<float>> thetaVectors = MemoryMarshal.Cast<float, Vector512<float>>(theta);
        ReadOnlySpan<Vector512<float>> hiddenVectors = MemoryMarshal.Cast<float, Vector512<float>>(hiddenState);
        Vector512<float> lanes = Vector512<float>.Zero;
        for (int i = 0; i < thetaVectors.Length; i++)
            lanes += thetaVectors[i] * hiddenVectors[i];

        float sum = 0;
        for (int lane = 0; lane < Vector512<float>.Count; lane++)
            sum += lanes[lane];
        for (int i = thetaVectors.Length * Vector512<float>.Count; i < theta.Length; i++)
            sum += theta[i] * hiddenState[i];
        return sum;
    }
}
