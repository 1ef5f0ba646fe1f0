using System.Globalization;
using System.Text;
using CoLlm.Evaluation.Statistics;

namespace CoLlm.Evaluation.Reports;

/// <summary>The report as Markdown: a table of all systems with cost, and one of their scores by task.</summary>
internal static class MarkdownReport
{
    public static string Of(EvaluationReport report)
    {
        StringBuilder text = new("# Evaluation\n\n");
        if (report.Command is not null)
            text.Append(CultureInfo.InvariantCulture, $"Made with:\n\n```\n{report.Command}\n```\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{report.ItemCount} items. Scores are means in percent with 95 % intervals: Wilson's where every answer is right or wrong, ");
        text.Append(CultureInfo.InvariantCulture, $"otherwise (marked b) the bootstrap with {ConfidenceInterval.Resamples} resamples and seed {ConfidenceInterval.Seed}. ");
        text.Append("Passes count forward passes per answer; the deferral rate is the realised share of tokens that experts wrote.\n\n");
        AppendTable(text, ["System", "Score", "95 % interval", "Deferral rate", "Tokens", "Expert tokens", "Base passes", "Expert passes", "Empty"], report.Systems.Select(Row));
        if (report.Systems is [{ Tasks.Count: > 1 } first, ..])
        {
            text.Append("\n## By task\n\n");
            AppendTable(
                text,
                ["System", .. first.Tasks.Select(task => $"{task.Task} ({task.Items})")],
                report.Systems.Select(system => (string[])[system.Name, .. first.Tasks.Select(task => TaskCell(system, task.Task))]));
        }

        text.Append("\n## Systems\n\n");
        foreach (SystemSummary system in report.Systems)
            text.Append(CultureInfo.InvariantCulture, $"- `{system.Name}`: {system.Description}\n");
        return text.ToString();
    }

    private static string[] Row(SystemSummary system) =>
    [
        system.Name,
        Percent(system.All.Mean),
        $"{Percent(system.All.Interval.Low)} to {Percent(system.All.Interval.High)}{(system.All.Interval.Method == IntervalMethod.Bootstrap ? " b" : "")}",
        Percent(system.DeferralRate),
        Number(system.TokensPerAnswer),
        Number(system.ExpertTokensPerAnswer),
        Number(system.BasePassesPerAnswer),
        Number(system.ExpertPassesPerAnswer),
        system.EmptySpans.ToString(CultureInfo.InvariantCulture),
    ];

    private static string TaskCell(SystemSummary system, string? task)
    {
        TaskSummary? summary = system.Tasks.FirstOrDefault(candidate => candidate.Task == task);
        if (summary is null)
            return "";
        return summary is { Precision: { } precision, Recall: { } recall }
            ? $"{Percent(summary.Mean)} (P {Percent(precision)}, R {Percent(recall)})"
            : Percent(summary.Mean);
    }

    private static void AppendTable(StringBuilder text, string[] head, IEnumerable<string[]> rows)
    {
        AppendRow(text, head);
        AppendRow(text, ["---", .. Enumerable.Repeat("---:", head.Length - 1)]);
        foreach (string[] row in rows)
            AppendRow(text, row);
    }

    private static void AppendRow(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");

    private static string Percent(double share) => (share * 100).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
