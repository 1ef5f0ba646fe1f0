using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>Who may speak to whom, worked out from the network policies as a cluster would.</summary>
public sealed class NetworkLawTests
{
    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Policies_WithoutAnyOther_AllowNothing(string overlay)
    {
        V1NetworkPolicy deny = (await Manifests.OfOverlayAsync(overlay)).Of<V1NetworkPolicy>().Single(policy => policy.Name() == "deny-all");
        Assert.Equal(["Ingress", "Egress"], deny.Spec.PolicyTypes);
        Assert.True(deny.Spec.PodSelector.MatchLabels is null && deny.Spec.Ingress is null && deny.Spec.Egress is null);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Experts_GrpcPort_IsOpenToExactlyTheRouters(string overlay)
    {
        NetworkOf network = new(await Manifests.OfOverlayAsync(overlay));
        foreach ((string _, V1PodTemplateSpec pod) in network.Manifests.Pods.Where(pod => Manifests.ComponentOf(pod.Pod) == "expert"))
        {
            int port = GrpcPort(pod);
            Assert.Equal(["router"], network.Manifests.Pods.Where(from => network.Connects(from.Pod, pod, port)).Select(from => from.Name));
            Assert.DoesNotContain(network.NamespacesThatEnter(pod), entering => entering.Port == "grpc");
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Router_GrpcPort_IsOpenToLabelledNamespacesAlone(string overlay)
    {
        NetworkOf network = new(await Manifests.OfOverlayAsync(overlay));
        V1PodTemplateSpec router = network.Manifests.Pods.Single(pod => pod.Name == "router").Pod;
        Assert.DoesNotContain(network.Manifests.Pods, from => network.Connects(from.Pod, router, GrpcPort(router)));
        Assert.Equal(
            [("collm.dev/clients=allowed", "grpc"), ("kubernetes.io/metadata.name=observability", "http")],
            network.NamespacesThatEnter(router).Order());
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_Outwards_ReachNamesTelemetryAndNothingElse(string overlay)
    {
        NetworkOf network = new(await Manifests.OfOverlayAsync(overlay));
        foreach ((string _, V1PodTemplateSpec pod) in network.Manifests.Pods)
        {
            Assert.Equal(
                [("kubernetes.io/metadata.name=kube-system", "53"), ("kubernetes.io/metadata.name=observability", "4317"), ("kubernetes.io/metadata.name=observability", "4318")],
                network.NamespacesEntered(pod).Distinct().Order());
            Assert.Equal([("kubernetes.io/metadata.name=observability", "http")], network.NamespacesThatEnter(pod).Where(entering => entering.Port == "http"));
        }

        // Addresses would let out, or in, what neither labels nor names say.
        Assert.All(network.Manifests.Of<V1NetworkPolicy>().Select(policy => policy.Spec), spec => Assert.All(
            (spec.Egress ?? []).SelectMany(rule => rule.To).Concat((spec.Ingress ?? []).SelectMany(rule => rule.FromProperty)), peer => Assert.Null(peer.IpBlock)));
    }

    [Fact]
    public async Task Engine_HttpPort_IsOpenToExactlyItsExpertAndItself()
    {
        Manifests manifests = await Manifests.OfOverlayAsync("engine");
        NetworkOf network = new(manifests);
        (string _, V1PodTemplateSpec leader) = manifests.AllPods.Single(pod => pod.Name.EndsWith(" leader", StringComparison.Ordinal));
        Assert.Equal(["expert-mathematics"], manifests.Pods.Where(from => network.Connects(from.Pod, leader, 8000)).Select(from => from.Name));
        V1Service service = manifests.Of<V1Service>().Single(service => service.Name() == "engine-mathematics");
        Assert.Equal(["engine-mathematics leader"], manifests.AllPods.Where(pod => Manifests.Selects(service.Spec.Selector, pod.Pod.Metadata.Labels)).Select(pod => pod.Name));
        ServiceSettings expert = ServiceSettings.Of(manifests, manifests.Pods.Single(pod => pod.Name == "expert-mathematics").Pod);
        Assert.Equal($"http://{service.Name()}:{service.Spec.Ports[0].Port}", expert.Expert!.Models[0].OpenAi!.Endpoint);
    }

    private static int GrpcPort(V1PodTemplateSpec pod) => pod.Spec.Containers[0].Ports.Single(port => port.Name == "grpc").ContainerPort;
}
