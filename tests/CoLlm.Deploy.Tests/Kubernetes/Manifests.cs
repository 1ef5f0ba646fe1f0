using System.Collections.Concurrent;
using CoLlm.Deploy.Tests.Tools;
using k8s;
using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What one overlay gives a cluster: the output of <c>kubectl kustomize</c>, read strictly into the Kubernetes API's own types.</summary>
internal sealed class Manifests
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<Manifests>>> Built = new(StringComparer.Ordinal);

    private readonly List<IKubernetesObject<V1ObjectMeta>> _objects;

    private Manifests(List<IKubernetesObject<V1ObjectMeta>> objects) => _objects = objects;

    /// <summary>Every overlay, by the name of its folder.</summary>
    public static TheoryData<string> Overlays =>
        [.. Directory.EnumerateDirectories(DeployTree.Full("kubernetes/overlays")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    public IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects => _objects;

    public IEnumerable<V1Deployment> Deployments => Of<V1Deployment>();

    /// <summary>The deployments' pods, each with the deployment's name.</summary>
    public IEnumerable<(string Name, V1PodTemplateSpec Pod)> Pods => Deployments.Select(deployment => (deployment.Name(), deployment.Spec.Template));

    /// <summary>Those, and the pods of engines that others have built.</summary>
    public IEnumerable<(string Name, V1PodTemplateSpec Pod)> AllPods => Pods.Concat(Of<LeaderWorkerSet>().SelectMany(set => new[]
    {
        ($"{set.Name()} leader", set.Spec!.LeaderWorkerTemplate.LeaderTemplate), ($"{set.Name()} worker", set.Spec.LeaderWorkerTemplate.WorkerTemplate),
    }));

    /// <param name="overlay">Name of its folder.</param>
    public static Task<Manifests> OfOverlayAsync(string overlay) =>
        Built.GetOrAdd(overlay, name => new(async () => Parse(await BuildAsync($"deploy/kubernetes/overlays/{name}")))).Value;

    /// <param name="folder">Of a kustomization, relative to the root of the checkout.</param>
    public static Task<string> BuildAsync(string folder) => ExternalTool.Kubectl.Required().ExpectSuccessAsync("kustomize", folder);

    /// <exception cref="YamlDotNet.Core.YamlException">A field is unknown to the API, or has a value of the wrong kind.</exception>
    public static Manifests Parse(string yaml) =>
        new([.. KubernetesYaml.LoadAllFromString(yaml, CustomResources.Types, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>()]);

    public IEnumerable<T> Of<T>() where T : IKubernetesObject<V1ObjectMeta> => _objects.OfType<T>();

    /// <summary>The configuration file that a pod's only container is started with.</summary>
    public string ConfigurationOf(V1PodTemplateSpec pod)
    {
        string path = pod.Spec.Containers[0].Args.SkipWhile(argument => argument != "--config").ElementAt(1);
        V1VolumeMount mount = pod.Spec.Containers[0].VolumeMounts.Single(mount => mount.MountPath == Path.GetDirectoryName(path));
        string map = pod.Spec.Volumes.Single(volume => volume.Name == mount.Name).ConfigMap.Name;
        return Of<V1ConfigMap>().Single(candidate => candidate.Name() == map).Data[Path.GetFileName(path)];
    }

    /// <summary>Router or expert.</summary>
    public static string ComponentOf(V1PodTemplateSpec pod) => pod.Metadata.Labels["app.kubernetes.io/component"];

    public static bool Selects(IDictionary<string, string> selector, IDictionary<string, string> labels) =>
        selector.All(wanted => labels.TryGetValue(wanted.Key, out string? value) && value == wanted.Value);
}
