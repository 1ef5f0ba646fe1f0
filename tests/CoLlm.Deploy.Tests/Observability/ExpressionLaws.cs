using System.Text.Json;
using CoLlm.Decoding;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Testing.Observability;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>Holds an expression against the instrument table: names, labels and the values that labels are compared with.</summary>
internal static class ExpressionLaws
{
    /// <summary>What Prometheus itself adds to every series.</summary>
    private static readonly string[] TargetLabels = ["job", "instance"];

    /// <summary>Labels whose values an operator chooses.</summary>
    private static readonly string[] FreeLabels = ["model", "expert", "writer", .. TargetLabels];

    private static readonly HashSet<string> Words =
    [
        "router", "expert",
        .. Enum.GetValues<FailureReason>().Select(reason => reason.Name()),
        .. WordsOf<Decoding.Deferral.DeferralReason>(), .. WordsOf<Decoding.FinishReason>(), .. WordsOf<DecodingMode>(),
    ];

    /// <returns>One sentence for each mistake.</returns>
    public static IEnumerable<string> Mistakes(PromExpression expression)
    {
        string[] labels = [.. expression.Selectors.SelectMany(LabelsOf), "le"];
        return expression.Selectors.SelectMany(Mistakes).Concat(
            from label in expression.GroupingLabels.Except(labels)
            select $"no series of the expression has the label {label}");
    }

    private static IEnumerable<string> Mistakes(MetricSelector selector) =>
        !IsKnown(selector.Metric)
            ? [$"{selector.Metric} is neither in the instrument table nor recorded"]
            : from matcher in selector.Matchers
              from mistake in Mistakes(selector, matcher)
              select $"{selector.Metric}: {matcher}: {mistake}";

    private static IEnumerable<string> Mistakes(MetricSelector selector, LabelMatcher matcher)
    {
        if (!LabelsOf(selector).Contains(matcher.Label))
            return ["no such label"];
        if (FreeLabels.Contains(matcher.Label))
            return [];
        string[] quoted = InstrumentTable.BySeries.TryGetValue(selector.Metric, out Instrument? instrument) ? instrument.Values : [];
        return matcher.Value.Split('|').Except(quoted).Except(Words).Select(value => $"no such value: {value}");
    }

    private static bool IsKnown(string metric) =>
        metric == "up" || InstrumentTable.LabelsOf(metric) is not null || RuleFiles.Recordings.Any(rule => rule.Name == metric);

    // A recorded series is named after its only label.
    private static IEnumerable<string> LabelsOf(MetricSelector selector) =>
        InstrumentTable.LabelsOf(selector.Metric) is { } labels ? [.. labels, .. TargetLabels]
        : selector.Metric.Contains(':', StringComparison.Ordinal) ? [selector.Metric.Split(':')[0]]
        : TargetLabels;

    private static IEnumerable<string> WordsOf<T>() where T : struct, Enum => Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName);
}
