using k8s.Models;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What scales one deployment, whichever kind of object says so.</summary>
/// <param name="Minimum">Fewest replicas.</param>
/// <param name="Maximum">Most replicas.</param>
/// <param name="Behavior">How fast.</param>
internal sealed record AutoscalerTarget(int Minimum, int Maximum, V2HorizontalPodAutoscalerBehavior Behavior)
{
    /// <summary>The only one of a deployment.</summary>
    public static AutoscalerTarget Of(Manifests manifests, string deployment) => Assert.Single(
        from target in
            manifests.Of<V2HorizontalPodAutoscaler>().Select(scaler => (scaler.Spec.ScaleTargetRef, new AutoscalerTarget(
                scaler.Spec.MinReplicas!.Value, scaler.Spec.MaxReplicas, scaler.Spec.Behavior)))
            .Concat(manifests.Of<ScaledObject>().Select(scaled => (scaled.Spec!.ScaleTargetRef, new AutoscalerTarget(
                scaled.Spec.MinReplicaCount, scaled.Spec.MaxReplicaCount, scaled.Spec.Advanced.HorizontalPodAutoscalerConfig.Behavior))))
        where target.ScaleTargetRef is { Kind: "Deployment", ApiVersion: "apps/v1" } && target.ScaleTargetRef.Name == deployment
        select target.Item2);
}
