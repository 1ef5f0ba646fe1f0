namespace CoLlm.Evaluation.Metrics;

/// <summary>Whether an answer says exactly one of the accepted texts, apart from case, white space and marks at the ends.</summary>
public static class ExactMatch
{
    /// <summary>An answer of which nothing is left is never right.</summary>
    public static bool IsRight(string answer, IReadOnlyList<string> accepted)
    {
        string given = NormalizedText.Of(answer);
        return given.Length > 0 && accepted.Any(text => NormalizedText.Of(text) == given);
    }
}
