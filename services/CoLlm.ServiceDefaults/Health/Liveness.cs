using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CoLlm.ServiceDefaults.Health;

/// <summary>
/// Whether the process answers at all. A gRPC health service of its own, since a process that loads or drains is not ready but must not
/// be restarted for it.
/// </summary>
public sealed class Liveness : IHealthCheck
{
    /// <summary>Name of the service to ask <c>grpc.health.v1</c> for.</summary>
    public const string Service = "live";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(HealthCheckResult.Healthy());
}
