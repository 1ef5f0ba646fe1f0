using CoLlm.Evaluation.Extraction;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Evaluation.Metrics;

/// <summary>Scores an answer to an item: extracts its span and compares it by the item's metric.</summary>
public static class Scorer
{
    /// <summary>The span that was compared, and its score.</summary>
    public static (string Span, ItemScore Score) Score(EvaluationItem item, string answer)
    {
        string span = AnswerExtractor.Extract(item.Extract, answer);
        if (span.Length == 0)
            return (span, item.Metric is MetricKind.ExactMatch or MetricKind.Numeric or MetricKind.Mathematics ? ItemScore.Of(false) : new ItemScore(0, 0, 0));
        IReadOnlyList<string> accepted = item.Accepted[0];
        return (span, item.Metric switch
        {
            MetricKind.ExactMatch => ItemScore.Of(ExactMatch.IsRight(span, accepted)),
            MetricKind.Numeric => ItemScore.Of(NumericMatch.IsRight(span, accepted)),
            MetricKind.Mathematics => ItemScore.Of(MathematicsMatch.IsRight(span, accepted)),
            MetricKind.ListF1 => ListMatch.Score(span, item.Accepted, item.Separators),
            MetricKind.Rouge1 => Rouge.N(1, span, accepted),
            MetricKind.Rouge2 => Rouge.N(2, span, accepted),
            MetricKind.RougeL => Rouge.L(span, accepted),
            MetricKind.RougeSu4 => Rouge.Su4(span, accepted),
            _ => throw new ArgumentOutOfRangeException(nameof(item), item.Metric, null),
        });
    }
}
