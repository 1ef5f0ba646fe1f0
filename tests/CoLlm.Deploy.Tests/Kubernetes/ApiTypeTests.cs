using k8s.Models;
using YamlDotNet.Core;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>Every overlay builds, and holds nothing that the Kubernetes API does not know.</summary>
public sealed class ApiTypeTests
{
    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Overlay_Built_HasRouterAndExpertsInTheirNamespace(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        Assert.Contains("router", manifests.Deployments.Select(deployment => deployment.Name()));
        Assert.Contains("expert-mathematics", manifests.Deployments.Select(deployment => deployment.Name()));
        Assert.All(manifests.Objects.Where(candidate => candidate is not V1Namespace), candidate => Assert.Equal("collm", candidate.Namespace()));
        Assert.Equal("collm", Assert.Single(manifests.Of<V1Namespace>()).Name());
        Assert.Equal(manifests.Objects.Count, manifests.Objects.DistinctBy(candidate => (candidate.Kind, candidate.Name())).Count());
    }

    [Theory]
    [InlineData("failureThreshold: 6", "failureTreshold: 6")]
    [InlineData("periodSeconds: 10", "periodSeconds: often")]
    [InlineData("clusterIP: None", "clusterIP: [None]")]
    public async Task Parse_MistakeInAManifest_IsRefused(string good, string bad)
    {
        string yaml = await Manifests.BuildAsync("deploy/kubernetes/overlays/cpu");
        Assert.NotEmpty(Manifests.Parse(yaml).Objects);
        Assert.Contains(good, yaml, StringComparison.Ordinal);
        Assert.Throws<YamlException>(() => Manifests.Parse(yaml.Replace(good, bad, StringComparison.Ordinal)));
    }

    [Fact]
    public void KubernetesFiles_All_AreNamedByAKustomization()
    {
        string[] files = [.. DeployTree.Find("kubernetes", "*").Where(file => Path.GetExtension(file) is ".yaml" or ".json")];
        string[] named = [.. files.Where(file => file.EndsWith("kustomization.yaml", StringComparison.Ordinal)).SelectMany(Named)];
        Assert.Empty(files.Where(file => !file.EndsWith("kustomization.yaml", StringComparison.Ordinal)).Except(named));
    }

    /// <summary>Files beside a kustomization whose name occurs in it.</summary>
    private static IEnumerable<string> Named(string kustomization)
    {
        string text = DeployTree.Read(kustomization);
        string folder = Path.GetDirectoryName(kustomization)!;
        return Directory.EnumerateFiles(DeployTree.Full(folder)).Select(file => Path.GetFileName(file))
            .Where(name => text.Contains(name, StringComparison.Ordinal)).Select(name => $"{folder}/{name}");
    }
}
