namespace CoLlm.Evaluation.Tasks;

/// <summary>One question with what counts as a right answer.</summary>
/// <param name="Id">Unique in an evaluation.</param>
/// <param name="Task">The task it belongs to: results are reported per task.</param>
/// <param name="Question">What is asked, before any chat template.</param>
/// <param name="Metric">How answers are compared.</param>
/// <param name="Accepted">
/// For <see cref="MetricKind.ListF1"/> the elements of the right list, each with all its accepted names; otherwise one entry with all
/// accepted texts, or reference texts for ROUGE. No text is blank.
/// </param>
/// <param name="Extract">How the span that is compared is found in an answer: a rule's name or a regular expression; null: the whole answer.</param>
/// <param name="Separators">Where a list answer is cut.</param>
public sealed record EvaluationItem(
    string Id,
    string Task,
    string Question,
    MetricKind Metric,
    IReadOnlyList<IReadOnlyList<string>> Accepted,
    string? Extract,
    IReadOnlyList<string> Separators)
{
    /// <summary>Cuts that are used where an item names none.</summary>
    public static IReadOnlyList<string> DefaultSeparators { get; } = ["\n", ", ", "; ", " and "];
}
