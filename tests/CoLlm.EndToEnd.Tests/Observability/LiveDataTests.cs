using System.Text.Json;
using CoLlm.Testing.Observability;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>No panel, recording rule or alert is blind: what it asks for is there while answers are written and things go wrong.</summary>
public sealed class LiveDataTests(WatchedCluster cluster) : IClassFixture<WatchedCluster>
{
    /// <summary>Wide enough for everything that the cluster has done.</summary>
    private const string Window = "30m";

    /// <summary>Bounds every wait; a test that gets near it has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public static TheoryData<string> Dashboards => [.. DashboardFile.All.Select(dashboard => dashboard.Name)];

    [Theory]
    [MemberData(nameof(Dashboards))]
    public Task Queries_OfDashboard_ReturnData(string name) => SeeAsync(
        from query in Find(name).Queries
        select new DashboardQuery(query.Place, DashboardFile.Fill(query.Expression, Window)));

    [Theory]
    [MemberData(nameof(Dashboards))]
    public Task Variables_OfDashboard_HaveValues(string name) => SeeAsync(
        from source in Find(name).VariableSources
        select new DashboardQuery($"{name}: variable", $"{source.Metric}{{{source.Label}!=\"\"}}"));

    [Fact]
    public async Task Recordings_EveryRule_RecordsNumbers() => await SeeAsync(
        from rule in await RulesAsync("recording")
        let name = rule.GetProperty("name").GetString()!
        select new DashboardQuery(name, name));

    [Fact]
    public async Task Alerts_EveryRule_SeesWhatItWatches()
    {
        JsonElement[] rules = await RulesAsync("alerting");
        Assert.All(rules, rule => Assert.Equal("ok", rule.GetProperty("health").GetString()));
        await SeeAsync(
            from rule in rules
            from selector in new PromExpression(rule.GetProperty("query").GetString()!).Selectors
            select new DashboardQuery(rule.GetProperty("name").GetString()!, selector.ToString()));
    }

    [Fact]
    public async Task Alerts_ProcessIsDeadAndSidesDisagree_AreRaised()
    {
        await cluster.Prometheus.WhenTrueAsync("""ALERTS{alertname="CollmKvDivergence", alertstate="firing"}""");
        await cluster.Prometheus.WhenTrueAsync("""ALERTS{alertname="CollmTargetDown"}""");
    }

    private static DashboardFile Find(string name) => DashboardFile.All.Single(dashboard => dashboard.Name == name);

    private async Task<JsonElement[]> RulesAsync(string type) =>
        [.. (await cluster.Prometheus.RulesAsync()).Where(rule => rule.GetProperty("type").GetString() == type)];

    /// <summary>
    /// Asks until every query has a number, while answers go on: a rate needs an increase between two scrapes inside its window, and a scrape
    /// that failed on a busy machine hides a target's series until the next.
    /// </summary>
    private async Task SeeAsync(IEnumerable<DashboardQuery> queries)
    {
        using CancellationTokenSource limit = new(Limit);
        List<DashboardQuery> blind = [.. queries];
        Assert.NotEmpty(blind);
        while (true)
        {
            blind = await FindBlindAsync(blind);
            if (blind.Count == 0 || limit.IsCancellationRequested)
                break;
            await cluster.WriteMoreAsync();
        }

        Assert.Empty(blind);
    }

    private async Task<List<DashboardQuery>> FindBlindAsync(IEnumerable<DashboardQuery> queries)
    {
        List<DashboardQuery> blind = [];
        foreach (DashboardQuery query in queries)
        {
            if (!(await cluster.Prometheus.QueryAsync(query.Expression)).Any(sample => double.IsFinite(sample.Value)))
                blind.Add(query);
        }

        return blind;
    }
}
