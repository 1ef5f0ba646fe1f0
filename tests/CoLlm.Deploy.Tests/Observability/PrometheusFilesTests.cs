using CoLlm.Deploy.Tests.Tools;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>Prometheus' own tool reads what we configure, and plays the alerts' cases.</summary>
public sealed class PrometheusFilesTests
{
    [Fact]
    public async Task Configuration_WithItsRules_IsAcceptedByPromtool() =>
        await ExternalTool.Promtool.Required().ExpectSuccessAsync("check", "config", DeployTree.Full(RuleFiles.Folder + "/prometheus.yml"));

    [Fact]
    public async Task RuleTests_EveryCase_EndsAsExpected() =>
        await ExternalTool.Promtool.Required().ExpectSuccessAsync(
            ["test", "rules", .. DeployTree.Find(RuleFiles.Folder + "/tests", "*.yml").Select(DeployTree.Full)]);
}
