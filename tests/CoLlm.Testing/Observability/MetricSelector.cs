namespace CoLlm.Testing.Observability;

/// <summary>One place of a PromQL expression that reads series.</summary>
/// <param name="Metric">Name of the series.</param>
/// <param name="Matchers">In the order in which they are written.</param>
public sealed record MetricSelector(string Metric, IReadOnlyList<LabelMatcher> Matchers)
{
    /// <summary>As PromQL writes it, without a range.</summary>
    public override string ToString() => $"{Metric}{{{string.Join(',', Matchers)}}}";
}

/// <summary>What a selector asks of one label.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Operator"><c>=</c>, <c>!=</c>, <c>=~</c> or <c>!~</c>.</param>
/// <param name="Value">Without its quotes.</param>
public sealed record LabelMatcher(string Label, string Operator, string Value)
{
    public override string ToString() => $"{Label}{Operator}\"{Value}\"";
}
