namespace CoLlm.Decoding.Deferral;

/// <summary>Marks the places to double-check: the models disagree, or the chooser was unsure.</summary>
/// <param name="Margin">
/// A probability this close to a threshold of one half counts as unsure; zero or more. Towards 0 and 1 the margin shrinks with t (1 - t), as
/// equal steps in the head's logit do: a threshold of 0.004 does not make a probability of 0.0001 a close call.
/// </param>
public readonly record struct ContestedRule(float Margin)
{
    public const float DefaultMargin = 0.1f;

    /// <summary>True where the chooser nearly chose otherwise. A threshold that never or always defers is no choice.</summary>
    public bool IsUnsure(float? deferralProbability, DeferralDecision decision) =>
        deferralProbability is { } probability && decision.Threshold is { } threshold and >= 0f and < 1f
        && MathF.Abs(probability - threshold) <= Margin * 4f * threshold * (1f - threshold);
}
