using System.Text.Json;
using CoLlm.Expert;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Tls;
using CoLlm.Testing;
using k8s.Models;
using Microsoft.Extensions.Configuration;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What an operator puts together: another expert, and other places for weights to come from.</summary>
public sealed class ComponentTests
{
    [Fact]
    public async Task Experts_OneMore_AreTenLinesAndALineForTheRouter()
    {
        string template = DeployTree.Read("kubernetes/experts/mathematics/kustomization.yaml");
        Assert.InRange(template.TrimEnd('\n').Split('\n').Length, 1, 10);
        using TemporaryDirectory folder = new();
        Directory.CreateDirectory(folder.File("law"));
        folder.Write("law/kustomization.yaml", template.Replace("mathematics", "law", StringComparison.Ordinal)
            .Replace("../../expert", Above(folder, "law", "kubernetes/expert"), StringComparison.Ordinal));
        folder.Write("kustomization.yaml", $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            namespace: collm
            resources: [{Above(folder, "", "kubernetes/overlays/cpu")}, law]
            images:
              - name: collm-expert
                newName: registry.example.com/collm/expert
                newTag: 0.1.0
            """);

        Manifests manifests = Manifests.Parse(await Manifests.BuildAsync(folder.Path));

        V1Deployment law = manifests.Deployments.Single(deployment => deployment.Name() == "expert-law");
        Assert.Equal("law", law.Spec.Template.Metadata.Labels["collm.dev/expert"]);
        Assert.Equal("registry.example.com/collm/expert:0.1.0", law.Spec.Template.Spec.Containers[0].Image);
        Assert.Equal("None", manifests.Of<V1Service>().Single(service => service.Name() == "expert-law").Spec.ClusterIP);
        Assert.Equal("expert-law", manifests.Of<V2HorizontalPodAutoscaler>().Single(scaler => scaler.Name() == "expert-law").Spec.ScaleTargetRef.Name);
        NetworkOf network = new(manifests);
        Assert.Equal(["router"], manifests.Pods.Where(from => network.Connects(from.Pod, law.Spec.Template, 5200)).Select(from => from.Name));
    }

    [Fact]
    public async Task ModelsImageVolume_OnTheBase_MountsTheImageInPlaceOfTheClaim()
    {
        Manifests manifests = await WithAsync("models-image-volume");
        Assert.Empty(manifests.Of<V1PersistentVolumeClaim>());
        foreach ((string _, V1PodTemplateSpec pod) in manifests.Pods)
        {
            V1Volume models = pod.Spec.Volumes.Single(volume => volume.Name == "models");
            Assert.Equal(("registry.example.com/collm/models:0.1.0", null), (models.Image.Reference, models.PersistentVolumeClaim));
            Assert.Equal("models", pod.Spec.Containers[0].VolumeMounts.Single(mount => mount.MountPath == "/models").SubPath);
        }
    }

    [Fact]
    public async Task ModelsImage_OnTheBase_CopiesWhatTheContainersRead()
    {
        Manifests manifests = await WithAsync("models-image");
        Assert.Empty(manifests.Of<V1PersistentVolumeClaim>());
        foreach ((string _, V1PodTemplateSpec pod) in manifests.Pods)
        {
            Assert.NotNull(pod.Spec.Volumes.Single(volume => volume.Name == "models").EmptyDir);
            Assert.Equal("models", Assert.Single(Assert.Single(pod.Spec.InitContainers).VolumeMounts).Name);
        }
    }

    [Fact]
    public async Task Tls_OnTheBase_ServesWithTheSecretAndProbesWithoutIt()
    {
        Manifests manifests = await WithAsync("tls");
        foreach ((string _, V1PodTemplateSpec pod) in manifests.Pods)
        {
            string component = Manifests.ComponentOf(pod);
            V1Container container = pod.Spec.Containers[0];
            V1VolumeMount mount = container.VolumeMounts.Single(mount => mount.Name == "tls");
            Assert.Equal(($"{component}-tls", null), (pod.Spec.Volumes.Single(volume => volume.Name == "tls").Secret.SecretName, mount.SubPath));
            IConfiguration variables = new ConfigurationBuilder().AddInMemoryCollection(container.Env.Select(Setting)).Build();
            (string listen, TlsListenOptions? tls) = component == "router"
                ? (variables.Get<RouterOptions>()!.Listen, variables.Get<RouterOptions>()!.Tls)
                : (variables.Get<ExpertOptions>()!.Listen, variables.Get<ExpertOptions>()!.Tls);
            Assert.Equal($"https://*:{ServiceSettings.Of(manifests, pod).GrpcPort}", listen);
            string ca = component == "expert" ? $"{mount.MountPath}/ca.crt" : "";
            Assert.Equal(new TlsListenOptions { Certificate = new() { Path = $"{mount.MountPath}/tls.crt", KeyPath = $"{mount.MountPath}/tls.key" }, ClientCaPath = ca }, tls);
            foreach (V1Probe probe in new[] { container.StartupProbe, container.LivenessProbe, container.ReadinessProbe })
                Assert.Equal((null, "http"), (probe.Grpc, probe.HttpGet.Port.Value));
        }

        Assert.All(manifests.Of<V1Service>(), service => Assert.Equal(("grpc", "https"), (service.Spec.Ports[0].Name, service.Spec.Ports[0].AppProtocol)));
    }

    [Fact]
    public async Task Tls_OnTheEngineOverlay_LeavesTheEngineInCleartext()
    {
        Manifests manifests = await WithAsync("tls", "kubernetes/overlays/engine");
        ILookup<string, V1Service> services = manifests.Of<V1Service>().ToLookup(service => service.Metadata.Labels["app.kubernetes.io/component"]);
        Assert.Equal(["engine", "expert", "router"], services.Select(component => component.Key).Order(StringComparer.Ordinal));
        Assert.All(services["router"].Concat(services["expert"]), service => Assert.Equal(("grpc", "https"), (service.Spec.Ports[0].Name, service.Spec.Ports[0].AppProtocol)));
        Assert.All(services["engine"].SelectMany(service => service.Spec.Ports), port => Assert.Null(port.AppProtocol));
        foreach ((string _, V1PodTemplateSpec pod) in manifests.AllPods)
            Assert.Equal(Manifests.ComponentOf(pod) != "engine", pod.Spec.Volumes.Any(volume => volume.Name == "tls"));
    }

    [Fact]
    public async Task HttpApi_OnTheBase_IsServedToWhomeverGrpcIs()
    {
        Manifests manifests = await WithAsync("http-api");
        V1PodTemplateSpec router = manifests.Pods.Single(pod => pod.Name == "router").Pod;
        V1ContainerPort port = router.Spec.Containers[0].Ports.Single(port => port.Name == "api");
        Assert.Equal($"http://*:{port.ContainerPort}", router.Spec.Containers[0].Env.Single(variable => variable.Name == "COLLM_HttpListen").Value);
        V1ServicePort served = manifests.Of<V1Service>().Single(service => service.Name() == "router").Spec.Ports.Single(port => port.Name == "api");
        Assert.Equal((port.ContainerPort, "api"), (served.Port, served.TargetPort.Value));
        ILookup<string, string> namespaces = new NetworkOf(manifests).NamespacesThatEnter(router).ToLookup(entry => entry.Port, entry => entry.Namespace);
        Assert.NotEmpty(namespaces["grpc"]);
        Assert.Equal(namespaces["grpc"], namespaces["api"]);
    }

    [Fact]
    public async Task BaseAlone_WithoutExperts_IsARouterThatWorks()
    {
        Manifests manifests = Manifests.Parse(await Manifests.BuildAsync("deploy/kubernetes/base"));
        Assert.Equal("router", Assert.Single(manifests.Pods).Name);
        Assert.Empty(ServiceSettings.Of(manifests, manifests.Pods.Single().Pod).Router!.Experts);
        Assert.Contains("Base", JsonDocument.Parse(manifests.ConfigurationOf(manifests.Pods.Single().Pod), new() { CommentHandling = JsonCommentHandling.Skip }).RootElement.EnumerateObject().Select(property => property.Name));
    }

    /// <summary>A variable as the process reads it.</summary>
    private static KeyValuePair<string, string?> Setting(V1EnvVar variable) => new(
        variable.Name.Replace(ServiceConfiguration.EnvironmentPrefix, "", StringComparison.Ordinal).Replace("__", ":", StringComparison.Ordinal), variable.Value);

    private static Task<Manifests> WithAsync(string component) => WithAsync(component, "kubernetes/base", "kubernetes/experts/mathematics");

    private static async Task<Manifests> WithAsync(string component, params string[] resources)
    {
        using TemporaryDirectory folder = new();
        folder.Write("kustomization.yaml", $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{string.Join(", ", resources.Select(resource => Above(folder, "", resource)))}]
            components: [{Above(folder, "", $"kubernetes/components/{component}")}]
            """);
        return Manifests.Parse(await Manifests.BuildAsync(folder.Path));
    }

    private static string Above(TemporaryDirectory folder, string below, string path) => Path.GetRelativePath(Path.Combine(folder.Path, below), DeployTree.Full(path));
}
