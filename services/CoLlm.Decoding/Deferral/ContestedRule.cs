namespace CoLlm.Decoding.Deferral;

/// <summary>Marks the places to double-check: the models disagree, or the chooser was unsure.</summary>
/// <param name="Margin">A probability this close to the threshold counts as unsure; zero or more.</param>
public readonly record struct ContestedRule(float Margin)
{
    public const float DefaultMargin = 0.1f;

    /// <summary>True where the chooser nearly chose otherwise. A threshold that never or always defers is no choice.</summary>
    public bool IsUnsure(float? deferralProbability, DeferralDecision decision) =>
        deferralProbability is { } probability && decision.Threshold is { } threshold and >= 0f and < 1f
        && MathF.Abs(probability - threshold) <= Margin;
}
