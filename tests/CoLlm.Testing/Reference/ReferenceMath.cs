namespace CoLlm.Testing.Reference;

/// <summary>
/// The forward pass's operations, one formula each, in plain scalar code with sums in double: what fast kernels are compared to.
/// </summary>
public static class ReferenceMath
{
    /// <summary>y = W x + b.</summary>
    /// <param name="weights"><c>[rows, columns]</c></param>
    /// <param name="input"><c>[columns]</c></param>
    /// <param name="bias"><c>[rows]</c>, or empty for none.</param>
    /// <param name="output"><c>[rows]</c></param>
    public static void MultiplyAdd(ReadOnlySpan<float> weights, ReadOnlySpan<float> input, ReadOnlySpan<float> bias, Span<float> output)
    {
        for (int row = 0; row < output.Length; row++)
        {
            double sum = bias.IsEmpty ? 0 : bias[row];
            for (int column = 0; column < input.Length; column++)
                sum += (double)weights[(row * input.Length) + column] * input[column];
            output[row] = (float)sum;
        }
    }

    /// <summary>y_i = g_i x_i / sqrt(mean(x^2) + epsilon).</summary>
    public static void RmsNorm(ReadOnlySpan<float> input, ReadOnlySpan<float> gain, float epsilon, Span<float> output)
    {
        double squares = 0;
        foreach (float value in input)
            squares += (double)value * value;
        double scale = 1 / Math.Sqrt((squares / input.Length) + epsilon);
        for (int i = 0; i < input.Length; i++)
            output[i] = (float)(gain[i] * input[i] * scale);
    }

    /// <summary>y_i = silu(gate_i) up_i with silu(z) = z / (1 + e^-z).</summary>
    public static void GatedSilu(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> output)
    {
        for (int i = 0; i < gate.Length; i++)
            output[i] = (float)(gate[i] / (1 + Math.Exp(-(double)gate[i])) * up[i]);
    }

    /// <summary>Rotates the pairs (i, i + d/2) of one head by position times frequency.</summary>
    /// <param name="head"><c>[head_dim]</c>, changed in place.</param>
    /// <param name="frequencies"><c>[head_dim / 2]</c></param>
    /// <param name="position">Zero-based position of the token.</param>
    public static void Rotate(Span<float> head, ReadOnlySpan<float> frequencies, int position)
    {
        int half = head.Length / 2;
        for (int i = 0; i < half; i++)
        {
            (double sine, double cosine) = Math.SinCos(position * frequencies[i]);
            double first = head[i];
            double second = head[i + half];
            head[i] = (float)((first * cosine) - (second * sine));
            head[i + half] = (float)((second * cosine) + (first * sine));
        }
    }

    /// <summary>Turns scores into weights that sum to one.</summary>
    public static void Softmax(Span<double> scores)
    {
        double largest = double.NegativeInfinity;
        foreach (double score in scores)
            largest = Math.Max(largest, score);
        double sum = 0;
        for (int i = 0; i < scores.Length; i++)
            sum += scores[i] = Math.Exp(scores[i] - largest);
        for (int i = 0; i < scores.Length; i++)
            scores[i] /= sum;
    }

    /// <summary>log softmax of one entry over the first <paramref name="count"/> logits.</summary>
    public static double LogSoftmax(ReadOnlySpan<float> logits, int count, int index)
    {
        double largest = double.NegativeInfinity;
        foreach (float logit in logits[..count])
            largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits[..count])
            sum += Math.Exp(logit - largest);
        return logits[index] - largest - Math.Log(sum);
    }

    /// <summary>Smallest index of the largest value among the first <paramref name="count"/>.</summary>
    public static int ArgMax(ReadOnlySpan<float> values, int count)
    {
        int best = 0;
        for (int i = 1; i < count; i++)
        {
            if (values[i] > values[best])
                best = i;
        }

        return best;
    }
}
