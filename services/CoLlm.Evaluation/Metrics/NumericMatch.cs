namespace CoLlm.Evaluation.Metrics;

/// <summary>Whether an answer is the accepted number: signs count, every decimal counts, zeros that change nothing do not.</summary>
public static class NumericMatch
{
    /// <summary>An answer that is no number is never right.</summary>
    public static bool IsRight(string answer, IReadOnlyList<string> accepted) =>
        ExactNumber.TryParse(answer) is { } given && accepted.Any(text => ExactNumber.TryParse(text) == given);
}
