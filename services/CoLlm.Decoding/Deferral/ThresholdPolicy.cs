namespace CoLlm.Decoding.Deferral;

/// <summary>
/// Defers where the deferral probability is strictly above a threshold, so that 1 is the base alone and any negative value the
/// expert alone. The threshold may fall from 1 to its value over the first tokens of the answer.
/// </summary>
/// <param name="Threshold">The cut after warm-up; finite.</param>
/// <param name="WarmUpTokens">Tokens over which it falls, linearly; zero: none.</param>
public sealed record ThresholdPolicy(float Threshold, int WarmUpTokens = 0) : DeferralPolicy
{
    public override bool MayDefer => Threshold < 1f;

    /// <summary>The cut for a token of the answer.</summary>
    public float ThresholdAt(int step) =>
        step >= WarmUpTokens ? Threshold : 1f + (Threshold - 1f) * step / WarmUpTokens;

    public override DeferralDecision Decide(in DeferralInput input)
    {
        float threshold = ThresholdAt(input.Step);
        return input.DeferralProbability > threshold
            ? new DeferralDecision(input.ExpertIndex, DeferralReason.AboveThreshold, threshold)
            : new DeferralDecision(null, DeferralReason.BelowThreshold, threshold);
    }
}
