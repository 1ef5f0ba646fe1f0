namespace CoLlm.Evaluation.Metrics;

/// <summary>How good one answer is.</summary>
/// <param name="Value">0 to 1: what is averaged.</param>
/// <param name="Precision">Share of what was said that is right; for lists and ROUGE.</param>
/// <param name="Recall">Share of what is right that was said; for lists and ROUGE.</param>
public readonly record struct ItemScore(double Value, double? Precision = null, double? Recall = null)
{
    public static ItemScore Of(bool isRight) => new(isRight ? 1 : 0);

    /// <summary>The harmonic mean of precision and recall; zero where both are.</summary>
    public static ItemScore OfF1(double precision, double recall) =>
        new(precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall), precision, recall);
}
