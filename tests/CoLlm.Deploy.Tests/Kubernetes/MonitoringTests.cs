using CoLlm.Deploy.Tests.Observability;
using CoLlm.Deploy.Tests.Tools;
using CoLlm.Testing;
using CoLlm.Testing.Observability;
using k8s.Models;
using KubernetesJson = k8s.KubernetesJson;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What operators of the cluster read: series that exist, rules that are those of Prometheus, kinds as their operators define them.</summary>
public sealed class MonitoringTests
{
    private const string Validators = "tests/CoLlm.Deploy.Tests/validators";

    /// <summary>Labels that scraping adds.</summary>
    private static readonly string[] TargetLabels = ["namespace", "pod", "job"];

    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Autoscalers_Metrics_AreGaugesOfTheServiceThatTheyScale(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        (string Target, string Metric, IEnumerable<string> Labels)[] used =
        [
            .. from scaler in manifests.Of<V2HorizontalPodAutoscaler>()
               from metric in scaler.Spec.Metrics
               select (scaler.Spec.ScaleTargetRef.Name, metric.Pods.Metric.Name, metric.Pods.Metric.Selector?.MatchLabels.Keys ?? Enumerable.Empty<string>()),
            .. from scaled in manifests.Of<ScaledObject>()
               from trigger in scaled.Spec!.Triggers
               from selector in new PromExpression(trigger.Metadata["query"]).Selectors
               select (scaled.Spec!.ScaleTargetRef.Name, selector.Metric, selector.Matchers.Select(matcher => matcher.Label)),
        ];
        Assert.NotEmpty(used);
        foreach ((string target, string metric, IEnumerable<string> labels) in used)
        {
            Assert.True(InstrumentTable.BySeries.TryGetValue(metric, out Instrument? instrument), $"{metric} is not in the instrument table.");
            Assert.Equal("gauge", instrument.Kind);
            Assert.Equal(target == "router", metric.StartsWith("collm_requests_", StringComparison.Ordinal));
            Assert.Empty(labels.Except(instrument.Labels).Except(TargetLabels));
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Autoscalers_QueriesByKeda_AreEachAboutTheirOwnExpert(string overlay)
    {
        foreach (ScaledObject scaled in (await Manifests.OfOverlayAsync(overlay)).Of<ScaledObject>().Where(scaled => scaled.Name().StartsWith("expert-", StringComparison.Ordinal)))
        {
            Assert.All(scaled.Spec!.Triggers, trigger => Assert.Contains(
                $"{{model=\"{scaled.Metadata.Labels["collm.dev/expert"]}\",", trigger.Metadata["query"], StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task ServiceMonitor_Selection_IsEveryServiceByAPortThatItHas()
    {
        Manifests manifests = await Manifests.OfOverlayAsync("gpu");
        ServiceMonitorSpec monitor = Assert.Single(manifests.Of<ServiceMonitor>()).Spec!;
        Assert.All(manifests.Of<V1Service>(), service => Assert.True(Manifests.Selects(monitor.Selector.MatchLabels, service.Metadata.Labels)));
        Assert.All(manifests.Of<V1Service>(), service => Assert.Contains(Assert.Single(monitor.Endpoints).Port, service.Spec.Ports.Select(port => port.Name)));
        ServiceMonitorRelabeling job = Assert.Single(monitor.Endpoints[0].Relabelings);
        Assert.Equal(
            ["collm-expert", "collm-router"],
            manifests.Of<V1Service>().Select(service => job.Replacement.Replace("$1", service.Metadata.Labels["app.kubernetes.io/component"], StringComparison.Ordinal)).Distinct().Order());
    }

    [Fact]
    public async Task PrometheusRules_OfTheCluster_AreThoseOfPrometheusItself()
    {
        IEnumerable<(string, string)> inCluster = (await Manifests.OfOverlayAsync("gpu")).Of<PrometheusRule>()
            .SelectMany(rule => rule.Spec!.Groups).SelectMany(group => group.Rules).Select(rule => (rule.Record ?? rule.Alert!, OneLine(rule.Expr)));
        Assert.Equal(RuleFiles.All.Select(rule => (rule.Name, OneLine(rule.Expression))).Order(), inCluster.Order());

        // Nothing else differs either: the script only indents.
        string manifest = DeployTree.Read("kubernetes/components/monitoring/rules.yaml");
        foreach (string file in DeployTree.Find("observability/prometheus/rules", "*.yml"))
        {
            string indented = string.Join('\n', DeployTree.Read(file).Split('\n').Select(line => line.Length > 0 ? "  " + line : line));
            Assert.True(manifest.Contains(indented, StringComparison.Ordinal), $"{file} has changed; run deploy/kubernetes/components/monitoring/update-rules.sh.");
        }
    }

    [Fact]
    public async Task CustomResources_OfEveryOverlay_FitTheOperatorsDefinitions()
    {
        ExternalTool node = ExternalTool.Node.Required(besides: Validators + "/node_modules/.installed");
        List<object> objects = [];
        foreach (string overlay in Manifests.Overlays.Select(row => row.Data))
            objects.AddRange((await Manifests.OfOverlayAsync(overlay)).Objects.Where(candidate => candidate is ServiceMonitor or PrometheusRule or ScaledObject));
        using TemporaryDirectory folder = new();
        await node.ExpectSuccessAsync(Validators + "/validate-custom-resources.mjs", folder.Write("good.json", KubernetesJson.Serialize(objects)));

        string bad = KubernetesJson.Serialize(objects).Replace("\"15s\"", "\"often\"", StringComparison.Ordinal);
        Assert.Contains("interval", await node.ExpectFailureAsync(Validators + "/validate-custom-resources.mjs", folder.Write("bad.json", bad)), StringComparison.Ordinal);
    }

    // Kustomize folds long lines anew.
    private static string OneLine(string expression) => string.Join(' ', expression.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
