using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>Times that must fit into one another, taken from the manifests and from the code.</summary>
public sealed class TimingLawTests
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    public static TheoryData<string> Overlays => Manifests.Overlays;

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task GracePeriod_OfEveryPod_OutlastsPreStopAndShutdown(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        foreach ((string name, V1PodTemplateSpec pod) in manifests.Pods)
        {
            TimeSpan grace = TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds!.Value);
            TimeSpan stop = TimeSpan.FromSeconds(pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds) + ServiceSettings.Of(manifests, pod).ShutdownTimeout;
            Assert.True(grace >= stop + Margin, $"{name}: the grace period is {grace}, and stopping may take {stop}.");
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task PreStop_OfEveryPod_OutlastsWhatLearnsOfItsEnd(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        TimeSpan resolve = ServiceSettings.Of(manifests, manifests.Pods.First(pod => pod.Name == "router").Pod).Router!.Experts.Max(expert => expert.ResolveInterval);
        foreach ((string _, V1PodTemplateSpec pod) in manifests.Pods)
            Assert.True(TimeSpan.FromSeconds(pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds) >= resolve);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task ScaleDown_OfEveryAutoscaler_WaitsForOneDrainAfterTheOther(string overlay)
    {
        Manifests manifests = await Manifests.OfOverlayAsync(overlay);
        foreach ((string name, V1PodTemplateSpec pod) in manifests.Pods.Where(pod => IsOurs(pod.Pod)))
        {
            V2HPAScalingRules scaleDown = AutoscalerTarget.Of(manifests, name).Behavior.ScaleDown;
            V2HPAScalingPolicy policy = Assert.Single(scaleDown.Policies);
            Assert.Equal(("Pods", 1), (policy.Type, policy.Value));
            Assert.True(policy.PeriodSeconds >= pod.Spec.TerminationGracePeriodSeconds, $"{name}: the next replica would go before the last has drained.");
            Assert.True(scaleDown.StabilizationWindowSeconds >= policy.PeriodSeconds);
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task LivenessProbe_OfEveryPod_ForgivesALongPause(string overlay)
    {
        foreach ((string _, V1PodTemplateSpec pod) in (await Manifests.OfOverlayAsync(overlay)).Pods.Where(pod => IsOurs(pod.Pod)))
        {
            V1Container container = pod.Spec.Containers[0];
            Assert.True(container.LivenessProbe.PeriodSeconds * container.LivenessProbe.FailureThreshold >= 30);
            Assert.True(container.LivenessProbe.TimeoutSeconds <= container.LivenessProbe.PeriodSeconds);
            Assert.True(container.ReadinessProbe.PeriodSeconds * container.ReadinessProbe.FailureThreshold <= 15, "A pod that drains is found out soon.");
            Assert.True(container.StartupProbe.PeriodSeconds * container.StartupProbe.FailureThreshold >= 600, "Weights take their time.");
        }
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task ProgressDeadline_OfEveryDeployment_OutlastsTheStart(string overlay)
    {
        foreach (V1Deployment deployment in (await Manifests.OfOverlayAsync(overlay)).Deployments)
        {
            V1Probe probe = deployment.Spec.Template.Spec.Containers[0].StartupProbe;
            Assert.True(deployment.Spec.ProgressDeadlineSeconds > probe.PeriodSeconds * probe.FailureThreshold, deployment.Name());
        }
    }

    private static bool IsOurs(V1PodTemplateSpec pod) => Manifests.ComponentOf(pod) is "router" or "expert";
}
