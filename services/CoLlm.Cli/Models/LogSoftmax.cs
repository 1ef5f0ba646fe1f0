namespace CoLlm.Cli.Models;

/// <summary>Logarithms of the probabilities that logits stand for, with sums in double.</summary>
/// <param name="Largest">The largest logit.</param>
/// <param name="LargestIndex">Its smallest index.</param>
/// <param name="LogSum">Logarithm of the sum of exp(logit - Largest).</param>
internal readonly record struct LogSoftmax(float Largest, int LargestIndex, double LogSum)
{
    /// <summary>Prepares a softmax over these logits.</summary>
    public static LogSoftmax Over(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp((double)logit - logits[best]);
        return new LogSoftmax(logits[best], best, Math.Log(sum));
    }

    /// <summary>Log-probability of an entry with this logit.</summary>
    public double Of(float logit) => (double)logit - Largest - LogSum;
}
