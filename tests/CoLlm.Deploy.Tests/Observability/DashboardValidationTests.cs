using CoLlm.Deploy.Tests.Tools;
using CoLlm.Testing;
using CoLlm.Testing.Observability;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>Grafana's own types and Prometheus' own parser judge the dashboards.</summary>
public sealed class DashboardValidationTests
{
    private const string Validators = "tests/CoLlm.Deploy.Tests/validators";

    [Fact]
    public async Task Dashboards_GrafanaSchema_IsKept()
    {
        ExternalTool node = ExternalTool.Node.Required(besides: Validators + "/node_modules/.installed");
        await node.ExpectSuccessAsync([Validators + "/validate-dashboards.mjs", .. Files]);
    }

    [Fact]
    public async Task Dashboard_UnknownOption_IsFoundByTheValidator()
    {
        ExternalTool node = ExternalTool.Node.Required(besides: Validators + "/node_modules/.installed");
        using TemporaryDirectory folder = new();
        string broken = folder.Write("broken.json", File.ReadAllText(Files[0]).Replace("\"lineWidth\"", "\"lineWeight\"", StringComparison.Ordinal));
        Assert.Contains("lineWeight", await node.ExpectFailureAsync(Validators + "/validate-dashboards.mjs", broken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queries_Promtool_ParsesEveryOne()
    {
        ExternalTool promtool = ExternalTool.Promtool.Required();
        IEnumerable<string> rules = DashboardFile.All.SelectMany(dashboard => dashboard.Queries).Select(query => $$"""
                  - record: query
                    labels: { place: '{{query.Place}}' }
                    expr: '{{DashboardFile.Fill(query.Expression, "5m")}}'

            """);
        using TemporaryDirectory folder = new();
        await promtool.ExpectSuccessAsync("check", "rules", folder.Write("queries.yml", "groups:\n  - name: dashboards\n    rules:\n" + string.Concat(rules)));
    }

    private static string[] Files => [.. DeployTree.Find("observability/dashboards", "*.json").Select(DeployTree.Full)];
}
