using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>Which connections the network policies of an overlay allow.</summary>
internal sealed class NetworkOf(Manifests manifests)
{
    public Manifests Manifests => manifests;

    /// <summary>Whether one pod may open a connection to another's port: both ends must allow it.</summary>
    public bool Connects(V1PodTemplateSpec from, V1PodTemplateSpec to, int port) =>
        Policies(from, "Egress").SelectMany(policy => policy.Spec.Egress ?? [])
            .Any(rule => IsOpen(rule.Ports, to, port) && rule.To.Any(peer => IsPod(peer, to)))
        && Policies(to, "Ingress").SelectMany(policy => policy.Spec.Ingress ?? [])
            .Any(rule => IsOpen(rule.Ports, to, port) && rule.FromProperty.Any(peer => IsPod(peer, from)));

    /// <summary>Other namespaces that may open connections to a pod, and its ports.</summary>
    public IEnumerable<(string Namespace, string Port)> NamespacesThatEnter(V1PodTemplateSpec pod) =>
        from policy in Policies(pod, "Ingress")
        from rule in policy.Spec.Ingress ?? []
        from peer in rule.FromProperty
        where peer.NamespaceSelector is not null
        from port in rule.Ports
        select (Text(peer), port.Port.Value);

    /// <summary>Other namespaces that a pod may open connections to, and the ports there.</summary>
    public IEnumerable<(string Namespace, string Port)> NamespacesEntered(V1PodTemplateSpec pod) =>
        from policy in Policies(pod, "Egress")
        from rule in policy.Spec.Egress ?? []
        from peer in rule.To
        where peer.NamespaceSelector is not null
        from port in rule.Ports
        select (Text(peer), port.Port.Value);

    private IEnumerable<V1NetworkPolicy> Policies(V1PodTemplateSpec pod, string type) => manifests.Of<V1NetworkPolicy>().Where(policy =>
        policy.Spec.PolicyTypes.Contains(type) && Manifests.Selects(policy.Spec.PodSelector.MatchLabels ?? new Dictionary<string, string>(), pod.Metadata.Labels));

    private static bool IsPod(V1NetworkPolicyPeer peer, V1PodTemplateSpec pod) =>
        peer is { NamespaceSelector: null, IpBlock: null } && Manifests.Selects(peer.PodSelector.MatchLabels, pod.Metadata.Labels);

    // Without a list of ports all are meant.
    private static bool IsOpen(IList<V1NetworkPolicyPort>? ports, V1PodTemplateSpec pod, int port) => ports is null || ports.Any(allowed => Names(allowed, pod, port));

    private static bool Names(V1NetworkPolicyPort allowed, V1PodTemplateSpec pod, int port) => allowed.Protocol == "TCP"
        && (allowed.Port.Value == $"{port}" || pod.Spec.Containers[0].Ports.Any(named => named.Name == allowed.Port.Value && named.ContainerPort == port));

    private static string Text(V1NetworkPolicyPeer peer) => string.Join(',', peer.NamespaceSelector.MatchLabels.Select(label => $"{label.Key}={label.Value}"));
}
