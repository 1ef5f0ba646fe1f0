namespace CoLlm.Training.Losses;

/// <summary>What the loss saw at each target row of a batch, in the order of the batch's target rows.</summary>
internal sealed class TokenLosses(int targetCount, int expertCount)
{
    public double[] Loss { get; } = new double[targetCount];

    /// <summary>The base's log-probability of the target.</summary>
    public double[] BaseLogProb { get; } = new double[targetCount];

    /// <summary>The base's greatest log-probability; equal to <see cref="BaseLogProb"/> exactly where the target is its choice.</summary>
    public double[] MaxLogProb { get; } = new double[targetCount];

    /// <summary><c>[targets, experts]</c>.</summary>
    public double[] DeferralLogits { get; } = new double[targetCount * expertCount];

    /// <summary><c>[targets, experts]</c>: gradients of the loss with respect to the deferral logits, unscaled.</summary>
    public double[] DeferralGradients { get; } = new double[targetCount * expertCount];

    public double[] DeferralProbability { get; } = new double[targetCount];

    /// <summary>The sums, taken in row order.</summary>
    public LossTotals Total() => new(
        Loss.Length, Loss.Sum(), -BaseLogProb.Sum(), DeferralProbability.Sum(), DeferralProbability.Count(probability => probability > 0.5));
}
