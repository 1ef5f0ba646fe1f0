using CoLlm.Evaluation.Running;
using CoLlm.Evaluation.Statistics;

namespace CoLlm.Evaluation.Reports;

/// <summary>A system's mean score on one task, or on all of them.</summary>
/// <param name="Task">Null: all items alike.</param>
/// <param name="Items">Items answered.</param>
/// <param name="Mean">0 to 1.</param>
/// <param name="Interval">95 %.</param>
/// <param name="Precision">Mean over items that have one; null where none has.</param>
/// <param name="Recall">Likewise.</param>
public sealed record TaskSummary(string? Task, int Items, double Mean, ConfidenceInterval Interval, double? Precision, double? Recall)
{
    internal static TaskSummary Of(string? task, IReadOnlyList<ItemResult> results)
    {
        double[] scores = [.. results.Select(result => result.Score)];
        return new TaskSummary(
            task, results.Count, scores.Average(), ConfidenceInterval.Of(scores), results.Average(result => result.Precision), results.Average(result => result.Recall));
    }
}

/// <summary>What one system achieved, and what an answer of it cost.</summary>
/// <param name="Name">Of the system.</param>
/// <param name="Kind">Systems of one kind at several rates are one line of the plot.</param>
/// <param name="Description">What it is.</param>
/// <param name="All">Over all items.</param>
/// <param name="Tasks">By task, in the order of the items.</param>
/// <param name="DeferralRate">Realised: share of all tokens that experts wrote.</param>
/// <param name="TokensPerAnswer">Mean.</param>
/// <param name="ExpertTokensPerAnswer">Mean.</param>
/// <param name="BasePassesPerAnswer">Mean.</param>
/// <param name="ExpertPassesPerAnswer">Mean.</param>
/// <param name="EmptySpans">Answers in which nothing to compare was found.</param>
public sealed record SystemSummary(
    string Name,
    string Kind,
    string Description,
    TaskSummary All,
    IReadOnlyList<TaskSummary> Tasks,
    double DeferralRate,
    double TokensPerAnswer,
    double ExpertTokensPerAnswer,
    double BasePassesPerAnswer,
    double ExpertPassesPerAnswer,
    int EmptySpans)
{
    internal static SystemSummary Of(string name, string kind, string description, IReadOnlyList<ItemResult> results) => new(
        name,
        kind,
        description,
        TaskSummary.Of(null, results),
        [.. results.GroupBy(result => result.Task).Select(group => TaskSummary.Of(group.Key, [.. group]))],
        (double)results.Sum(result => (long)result.ExpertTokens) / Math.Max(1, results.Sum(result => (long)result.Tokens)),
        results.Average(result => result.Tokens),
        results.Average(result => result.ExpertTokens),
        results.Average(result => result.BasePasses),
        results.Average(result => result.ExpertPasses),
        results.Count(result => result.Span.Length == 0));
}
