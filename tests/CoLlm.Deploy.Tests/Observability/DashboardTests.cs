using System.Text.Json;
using System.Text.RegularExpressions;
using CoLlm.Testing.Observability;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>What every dashboard must have, and every panel of it.</summary>
public sealed partial class DashboardTests
{
    private const int GridWidth = 24;

    public static TheoryData<string> Names => [.. DashboardFile.All.Select(dashboard => dashboard.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Queries_MetricsAndLabels_AreInTheInstrumentTable(string name) => Assert.Empty(
        from query in Find(name).Queries
        from mistake in ExpressionLaws.Mistakes(new PromExpression(DashboardFile.Fill(query.Expression, "5m")))
        select $"{query.Place}: {mistake}");

    [Theory]
    [MemberData(nameof(Names))]
    public void Queries_Aggregations_AreNamedInTheLegend(string name) => Assert.Empty(
        from panel in Find(name).Panels
        from target in panel.GetProperty("targets").EnumerateArray()
        let labels = new PromExpression(DashboardFile.Fill(target.GetProperty("expr").GetString()!, "5m")).GroupingLabels
        from Match shown in Placeholder().Matches(target.GetProperty("legendFormat").GetString()!)
        let label = shown.Groups[1].Value
        where !labels.Contains(label) && !target.GetProperty("expr").GetString()!.StartsWith(label + ":", StringComparison.Ordinal)
        select $"{Title(panel)}: the legend shows {label}, which the query does not keep");

    [Theory]
    [MemberData(nameof(Names))]
    public void Variables_Declared_AreThoseUsed(string name)
    {
        DashboardFile dashboard = Find(name);
        IEnumerable<string> used = VariableUse().Matches(dashboard.Root.GetProperty("panels").GetRawText()).Select(match => match.Groups[1].Value);
        Assert.Equal(
            dashboard.Variables.Select(variable => variable.GetProperty("name").GetString()!).Order(),
            used.Where(variable => !variable.StartsWith("__", StringComparison.Ordinal)).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Variables_Sources_AreInTheInstrumentTable(string name) => Assert.All(
        Find(name).VariableSources,
        source => Assert.Contains(source.Label, (string[])["instance", .. InstrumentTable.BySeries[source.Metric].Labels]));

    [Theory]
    [MemberData(nameof(Names))]
    public void Panels_Texts_SayWhatTheyShowAndInWhichUnit(string name) => Assert.All(Find(name).Panels, panel =>
    {
        Assert.NotEmpty(Title(panel));
        Assert.EndsWith(".", panel.GetProperty("description").GetString(), StringComparison.Ordinal);
        string type = panel.GetProperty("type").GetString()!;
        JsonElement defaults = panel.GetProperty("fieldConfig").GetProperty("defaults");
        Assert.True(
            type == "state-timeline" || (type == "heatmap" ? panel.GetProperty("options").GetProperty("yAxis") : defaults).TryGetProperty("unit", out _),
            $"{Title(panel)} has no unit");
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Panels_Places_LieOnTheGridAndNowhereTwice(string name)
    {
        IReadOnlyList<JsonElement> panels = Find(name).Panels;
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        HashSet<(int, int)> taken = [];
        foreach (JsonElement place in panels.Select(panel => panel.GetProperty("gridPos")))
        {
            int left = place.GetProperty("x").GetInt32(), top = place.GetProperty("y").GetInt32();
            int right = left + place.GetProperty("w").GetInt32(), bottom = top + place.GetProperty("h").GetInt32();
            Assert.True(right <= GridWidth, $"{place} is wider than the grid");
            for (int x = left; x < right; x++)
            {
                for (int y = top; y < bottom; y++)
                    Assert.True(taken.Add((x, y)), $"{place} overlaps another panel");
            }
        }
    }

    [Fact]
    public void Dashboards_Identity_IsStableAndTiesThemTogether()
    {
        Assert.Equal(
            ["collm-capacity", "collm-collaboration", "collm-latency", "collm-reliability"],
            DashboardFile.All.Select(dashboard => dashboard.Root.GetProperty("uid").GetString()));
        Assert.All(DashboardFile.All, dashboard =>
        {
            Assert.Equal("collm", Assert.Single(dashboard.Root.GetProperty("tags").EnumerateArray()).GetString());
            JsonElement link = Assert.Single(dashboard.Root.GetProperty("links").EnumerateArray());
            Assert.Equal("collm", Assert.Single(link.GetProperty("tags").EnumerateArray()).GetString());
        });
    }

    [Fact]
    public void Latency_Quantiles_ShowExemplars() => Assert.All(
        from panel in Find("latency.json").Panels
        where panel.GetProperty("type").GetString() == "timeseries"
        from target in panel.GetProperty("targets").EnumerateArray()
        where target.GetProperty("expr").GetString()!.StartsWith("histogram_quantile", StringComparison.Ordinal)
        select target,
        target => Assert.True(target.GetProperty("exemplar").GetBoolean()));

    private static DashboardFile Find(string name) => DashboardFile.All.Single(dashboard => dashboard.Name == name);

    private static string Title(JsonElement panel) => panel.GetProperty("title").GetString()!;

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\$\{?(\w+)")]
    private static partial Regex VariableUse();
}
