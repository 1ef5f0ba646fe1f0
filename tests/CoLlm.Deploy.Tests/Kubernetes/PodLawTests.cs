using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What every pod has, whichever overlay it comes from: few rights, bounds, probes, and no surprises from its surroundings.</summary>
public sealed class PodLawTests
{
    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_Rights_AreTheFewestPossible(string overlay)
    {
        foreach ((string name, V1PodTemplateSpec pod) in (await Manifests.OfOverlayAsync(overlay)).AllPods)
        {
            Assert.False(pod.Spec.AutomountServiceAccountToken, name);
            Assert.True(pod.Spec.SecurityContext.RunAsNonRoot, name);
            Assert.True(pod.Spec.SecurityContext.RunAsUser > 0, name);
            Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile.Type);
            Assert.False(pod.Spec.HostNetwork is true || pod.Spec.HostPID is true || pod.Spec.HostIPC is true, name);
            foreach (V1Container container in Containers(pod))
            {
                V1SecurityContext rights = container.SecurityContext;
                Assert.False(rights.AllowPrivilegeEscalation, container.Name);
                Assert.True(rights.ReadOnlyRootFilesystem, container.Name);
                Assert.Equal(["ALL"], rights.Capabilities.Drop);
                Assert.Null(rights.Capabilities.Add);
                Assert.Null(rights.RunAsUser);
                Assert.False(rights.Privileged is true, container.Name);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_Resources_AreRequestedAndBounded(string overlay)
    {
        foreach ((string _, V1PodTemplateSpec pod) in (await Manifests.OfOverlayAsync(overlay)).AllPods)
        {
            foreach (V1Container container in Containers(pod))
            {
                Assert.Empty(new[] { "cpu", "memory", "ephemeral-storage" }.Except(container.Resources.Limits.Keys));
                Assert.Equal(
                    container.Resources.Limits.Select(limit => $"{limit.Key} {limit.Value}").Order(),
                    container.Resources.Requests.Select(request => $"{request.Key} {request.Value}").Order());
            }

            // What a pod writes to its disk must fit into what its containers may use.
            decimal written = pod.Spec.Volumes.Where(volume => volume.EmptyDir is { Medium: not "Memory" }).Sum(volume => volume.EmptyDir.SizeLimit.ToDecimal());
            Assert.True(written <= Containers(pod).Sum(container => container.Resources.Limits["ephemeral-storage"].ToDecimal()));
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_Probes_AskGrpcForWhatEachIsAbout(string overlay)
    {
        foreach ((string _, V1PodTemplateSpec pod) in (await Manifests.OfOverlayAsync(overlay)).Pods)
        {
            V1Container container = Assert.Single(pod.Spec.Containers);
            int port = container.Ports.Single(candidate => candidate.Name == "grpc").ContainerPort;
            Assert.Equal((port, null), (container.StartupProbe.Grpc.Port, container.StartupProbe.Grpc.Service));
            Assert.Equal((port, null), (container.ReadinessProbe.Grpc.Port, container.ReadinessProbe.Grpc.Service));
            Assert.Equal((port, ServiceDefaults.Health.Liveness.Service), (container.LivenessProbe.Grpc.Port, container.LivenessProbe.Grpc.Service));
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_Environment_HoldsOnlySettingsOfOurs(string overlay)
    {
        foreach ((string name, V1PodTemplateSpec pod) in (await Manifests.OfOverlayAsync(overlay)).Pods)
        {
            // A Service called collm-... would otherwise become variables that look like settings, and stop the process.
            Assert.False(pod.Spec.EnableServiceLinks, name);
            Assert.All(pod.Spec.Containers[0].Env, variable => Assert.Matches("^(COLLM|OTEL|XDG)_|^(POD|NODE)_NAME$", variable.Name));
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_Images_HaveAVersion(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        string[] images = [.. manifests.AllPods.SelectMany(pod => Containers(pod.Pod).Select(container => container.Image)
            .Concat(pod.Pod.Spec.Volumes.Where(volume => volume.Image is not null).Select(volume => volume.Image.Reference)))];
        Assert.All(images, image => Assert.Matches(@"^registry\.example\.com/(collm|vllm)/[a-z-]+:\d+\.\d+\.\d+(-cuda)?$", image));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Pods_WhatTheyWriteTo_IsNeverTheirImage(string overlay)
    {
        foreach ((string _, V1PodTemplateSpec pod) in (await Manifests.OfOverlayAsync(overlay)).Pods)
        {
            V1Container container = pod.Spec.Containers[0];
            string[] writable = [.. container.VolumeMounts.Where(mount => mount.ReadOnlyProperty is not true).Select(mount => mount.MountPath)];
            Assert.Equal(["/tmp", "/var/cache/collm"], writable.Order());
        }
    }

    private static IEnumerable<V1Container> Containers(V1PodTemplateSpec pod) => pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []);
}
