using k8s;
using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>
/// Types of the kinds that Kubernetes itself does not know, with the fields that the manifests use and no others, so that a misspelt
/// one is refused. Names and kinds of values follow the operators' own definitions.
/// </summary>
internal static class CustomResources
{
    public static IDictionary<string, Type> Types { get; } = new Dictionary<string, Type>(StringComparer.Ordinal)
    {
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
        ["keda.sh/v1alpha1/ScaledObject"] = typeof(ScaledObject),
        ["leaderworkerset.x-k8s.io/v1/LeaderWorkerSet"] = typeof(LeaderWorkerSet),
    };
}

internal abstract class CustomResource<TSpec> : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public TSpec? Spec { get; set; }
}

internal sealed class ServiceMonitor : CustomResource<ServiceMonitorSpec>;

internal sealed class ServiceMonitorSpec
{
    public V1LabelSelector Selector { get; set; } = new();

    public List<ServiceMonitorEndpoint> Endpoints { get; set; } = [];
}

internal sealed class ServiceMonitorEndpoint
{
    public string Port { get; set; } = "";

    public string Path { get; set; } = "";

    public string Interval { get; set; } = "";

    public string ScrapeTimeout { get; set; } = "";

    public List<ServiceMonitorRelabeling> Relabelings { get; set; } = [];
}

internal sealed class ServiceMonitorRelabeling
{
    public List<string> SourceLabels { get; set; } = [];

    public string TargetLabel { get; set; } = "";

    public string Replacement { get; set; } = "";
}

internal sealed class PrometheusRule : CustomResource<PrometheusRuleSpec>;

internal sealed class PrometheusRuleSpec
{
    public List<PrometheusRuleGroup> Groups { get; set; } = [];
}

internal sealed class PrometheusRuleGroup
{
    public string Name { get; set; } = "";

    public string? Interval { get; set; }

    public List<PrometheusRuleEntry> Rules { get; set; } = [];
}

internal sealed class PrometheusRuleEntry
{
    public string? Record { get; set; }

    public string? Alert { get; set; }

    public string Expr { get; set; } = "";

    public string? For { get; set; }

    public Dictionary<string, string>? Labels { get; set; }

    public Dictionary<string, string>? Annotations { get; set; }
}

internal sealed class ScaledObject : CustomResource<ScaledObjectSpec>;

internal sealed class ScaledObjectSpec
{
    public V2CrossVersionObjectReference ScaleTargetRef { get; set; } = new();

    public int PollingInterval { get; set; }

    public int MinReplicaCount { get; set; }

    public int MaxReplicaCount { get; set; }

    public ScaledObjectAdvanced Advanced { get; set; } = new();

    public ScaledObjectFallback Fallback { get; set; } = new();

    public List<ScaledObjectTrigger> Triggers { get; set; } = [];
}

internal sealed class ScaledObjectAdvanced
{
    public ScaledObjectBehavior HorizontalPodAutoscalerConfig { get; set; } = new();
}

internal sealed class ScaledObjectBehavior
{
    public V2HorizontalPodAutoscalerBehavior Behavior { get; set; } = new();
}

internal sealed class ScaledObjectFallback
{
    public int FailureThreshold { get; set; }

    public int Replicas { get; set; }

    public string Behavior { get; set; } = "";
}

internal sealed class ScaledObjectTrigger
{
    public string Type { get; set; } = "";

    public string MetricType { get; set; } = "";

    public Dictionary<string, string> Metadata { get; set; } = [];
}

internal sealed class LeaderWorkerSet : CustomResource<LeaderWorkerSetSpec>;

internal sealed class LeaderWorkerSetSpec
{
    public int Replicas { get; set; }

    public string StartupPolicy { get; set; } = "";

    public LeaderWorkerTemplate LeaderWorkerTemplate { get; set; } = new();
}

internal sealed class LeaderWorkerTemplate
{
    public int Size { get; set; }

    public string RestartPolicy { get; set; } = "";

    public V1PodTemplateSpec LeaderTemplate { get; set; } = new();

    public V1PodTemplateSpec WorkerTemplate { get; set; } = new();
}
