using CoLlm.Testing.Observability;

namespace CoLlm.Deploy.Tests.Observability;

public sealed class RuleTests
{
    public static TheoryData<string> Names => [.. RuleFiles.All.Select(rule => rule.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Expression_MetricsAndLabels_AreInTheInstrumentTable(string name)
    {
        PromExpression expression = new(RuleFiles.All.Single(rule => rule.Name == name).Expression);
        Assert.NotEmpty(expression.Selectors);
        Assert.Empty(ExpressionLaws.Mistakes(expression));
    }

    [Fact]
    public void Recordings_Names_SayLevelMetricAndOperation() =>
        Assert.All(RuleFiles.Recordings, rule => Assert.Matches("^(model|expert):collm_[a-z_]+:[a-z0-9_]+$", rule.Name));

    [Fact]
    public void Recordings_EverySeries_IsReadBySomeRuleOrDashboard()
    {
        IEnumerable<string> expressions = RuleFiles.All.Select(rule => rule.Expression).Concat(DashboardFile.All.SelectMany(dashboard => dashboard.Queries).Select(query => DashboardFile.Fill(query.Expression, "5m")));
        Assert.Empty(RuleFiles.Recordings.Select(rule => rule.Name)
            .Except(expressions.SelectMany(text => new PromExpression(text).Selectors).Select(selector => selector.Metric)));
    }
}
