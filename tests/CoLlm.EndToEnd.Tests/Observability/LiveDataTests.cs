using System.Text.Json;
using CoLlm.Testing.Observability;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>No panel, recording rule or alert is blind: what it asks for is there while answers are written and things go wrong.</summary>
public sealed class LiveDataTests(WatchedCluster cluster) : IClassFixture<WatchedCluster>
{
    /// <summary>Wide enough for everything that the cluster has done.</summary>
    private const string Window = "5m";

    private const int MostRounds = 5;

    public static TheoryData<string> Dashboards => [.. DashboardFile.All.Select(dashboard => dashboard.Name)];

    [Theory]
    [MemberData(nameof(Dashboards))]
    public async Task Queries_OfDashboard_ReturnData(string name)
    {
        DashboardQuery[] queries = [.. DashboardFile.All.Single(dashboard => dashboard.Name == name).Queries];
        List<string> blind = await FindBlindAsync(queries);

        // A rate needs an increase between two scrapes; on a busy machine the answers so far may have fallen between the same two.
        for (int more = 0; more < MostRounds && blind.Count > 0; more++)
        {
            await cluster.WriteMoreAsync();
            blind = await FindBlindAsync(queries);
        }

        Assert.Empty(blind);
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public async Task Variables_OfDashboard_HaveValues(string name)
    {
        foreach ((string metric, string label) in DashboardFile.All.Single(dashboard => dashboard.Name == name).VariableSources)
            Assert.NotEmpty(await cluster.Prometheus.QueryAsync($"{metric}{{{label}!=\"\"}}"));
    }

    [Fact]
    public async Task Recordings_EveryRule_RecordsNumbers()
    {
        foreach (JsonElement rule in (await cluster.Prometheus.RulesAsync()).Where(rule => rule.GetProperty("type").GetString() == "recording"))
            await cluster.Prometheus.WhenTrueAsync($"count({rule.GetProperty("name").GetString()} < Inf)");
    }

    [Fact]
    public async Task Alerts_EveryRule_SeesWhatItWatches()
    {
        List<string> blind = [];
        foreach (JsonElement rule in (await cluster.Prometheus.RulesAsync()).Where(rule => rule.GetProperty("type").GetString() == "alerting"))
        {
            Assert.Equal("ok", rule.GetProperty("health").GetString());
            foreach (MetricSelector selector in new PromExpression(rule.GetProperty("query").GetString()!).Selectors)
            {
                if ((await cluster.Prometheus.QueryAsync(selector.ToString())).Count == 0)
                    blind.Add($"{rule.GetProperty("name")}: {selector}");
            }
        }

        Assert.Empty(blind);
    }

    [Fact]
    public async Task Alerts_ProcessIsDeadAndSidesDisagree_AreRaised()
    {
        await cluster.Prometheus.WhenTrueAsync("""ALERTS{alertname="CollmKvDivergence", alertstate="firing"}""");
        await cluster.Prometheus.WhenTrueAsync("""ALERTS{alertname="CollmTargetDown"}""");
    }

    private async Task<List<string>> FindBlindAsync(IEnumerable<DashboardQuery> queries)
    {
        List<string> blind = [];
        foreach (DashboardQuery query in queries)
        {
            if (!(await cluster.Prometheus.QueryAsync(DashboardFile.Fill(query.Expression, Window))).Any(sample => double.IsFinite(sample.Value)))
                blind.Add($"{query.Place}: {query.Expression}");
        }

        return blind;
    }
}
