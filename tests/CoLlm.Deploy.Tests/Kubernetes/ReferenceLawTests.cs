using CoLlm.Expert;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Listening;
using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What one object says of another is true: names, labels, ports.</summary>
public sealed class ReferenceLawTests
{
    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Selectors_OfEveryObject_MatchThePodsMeantAndNoOthers(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        foreach (V1Deployment deployment in manifests.Deployments)
        {
            string name = deployment.Name();
            Assert.Equal([name], Selected(manifests, deployment.Spec.Selector.MatchLabels));
            Assert.Equal([name], Selected(manifests, manifests.Of<V1Service>().Single(service => service.Name() == name).Spec.Selector));
            Assert.Equal([name], Selected(manifests, manifests.Of<V1PodDisruptionBudget>().Single(budget => budget.Name() == name).Spec.Selector.MatchLabels));
            Assert.Equal(2, deployment.Spec.Template.Spec.TopologySpreadConstraints.Count);
            Assert.All(deployment.Spec.Template.Spec.TopologySpreadConstraints, spread => Assert.Equal([name], Selected(manifests, spread.LabelSelector.MatchLabels)));
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Ports_OfContainersAndServices_AreThoseOfTheConfigurationAndOfTheCode(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        foreach ((string name, V1PodTemplateSpec pod) in manifests.Pods)
        {
            ServiceSettings settings = ServiceSettings.Of(manifests, pod);
            string byDefault = settings.Router is null ? new ExpertOptions().Listen : new RouterOptions().Listen;
            Assert.Equal(ListenAddress.TryParse(byDefault, out _)!.EndPoint!.Port, settings.GrpcPort);
            (string, int)[] expected = [("grpc", settings.GrpcPort), ("http", settings.HttpPort)];
            Assert.Equal(expected, pod.Spec.Containers[0].Ports.Select(port => (port.Name, port.ContainerPort)));
            V1Service service = manifests.Of<V1Service>().Single(service => service.Name() == name);
            Assert.Equal(expected, service.Spec.Ports.Select(port => (port.TargetPort.Value, port.Port)));
            Assert.Equal(settings.Expert is not null, service.Spec.ClusterIP == "None");
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Names_OfAccountsClaimsAndMaps_AreThere(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        string[] claims = [.. manifests.Of<V1PersistentVolumeClaim>().Select(claim => claim.Name())];
        string[] maps = [.. manifests.Of<V1ConfigMap>().Select(map => map.Name())];
        foreach ((string name, V1PodTemplateSpec pod) in manifests.Pods)
        {
            Assert.Equal(name, pod.Spec.ServiceAccountName);
            Assert.False(manifests.Of<V1ServiceAccount>().Single(account => account.Name() == name).AutomountServiceAccountToken);
            Assert.Empty(pod.Spec.Volumes.Where(volume => volume.PersistentVolumeClaim is not null).Select(volume => volume.PersistentVolumeClaim.ClaimName).Except(claims));
            Assert.Empty(pod.Spec.Volumes.Where(volume => volume.ConfigMap is not null).Select(volume => volume.ConfigMap.Name).Except(maps));
            Assert.Equal(
                pod.Spec.Volumes.Select(volume => volume.Name).Order(),
                pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(container => container.VolumeMounts).Select(mount => mount.Name).Distinct().Order());
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Replicas_OfEveryDeployment_AreLeftToOneAutoscalerThatKeepsTwo(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        foreach (V1Deployment deployment in manifests.Deployments)
        {
            AutoscalerTarget target = AutoscalerTarget.Of(manifests, deployment.Name());
            Assert.Null(deployment.Spec.Replicas);
            Assert.True(target.Minimum >= 2, "One replica that drains leaves another.");
            Assert.True(target.Maximum > target.Minimum);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Experts_OfTheRouter_AreTheServicesAndModelsThatRun(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        RouterOptions router = ServiceSettings.Of(manifests, manifests.Pods.Single(pod => pod.Name == "router").Pod).Router!;
        (string, string)[] running = [.. manifests.Pods.Where(pod => Manifests.ComponentOf(pod.Pod) == "expert")
            .Select(pod => (pod.Pod.Metadata.Labels["collm.dev/expert"], $"dns:///{pod.Name}:{ServiceSettings.Of(manifests, pod.Pod).GrpcPort}"))];
        Assert.Equal(running.Order(), router.Experts.Select(expert => (expert.Model ?? expert.Name, Assert.Single(expert.Addresses))).Order());
    }

    private static IEnumerable<string> Selected(Manifests manifests, IDictionary<string, string> selector) =>
        manifests.Pods.Where(pod => Manifests.Selects(selector, pod.Pod.Metadata.Labels)).Select(pod => pod.Name);
}
