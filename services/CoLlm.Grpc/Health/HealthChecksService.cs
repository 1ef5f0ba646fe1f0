using Grpc.AspNetCore.HealthChecks;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.Server.Health;

/// <summary>The health service over ASP.NET Core's health checks.</summary>
internal sealed class HealthChecksService(
    HealthServiceImpl states,
    HealthCheckService checks,
    IOptions<HealthCheckOptions> checkOptions,
    IOptions<GrpcHealthChecksOptions> options,
    IHostApplicationLifetime lifetime) : Grpc.Health.V1.Health.HealthBase
{
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        if (options.Value.UseHealthChecksCache)
            return await states.Check(request, context).ConfigureAwait(false);

        ServingStatus status = await RunChecksAsync(request.Service, context.CancellationToken).ConfigureAwait(false);
        return status == ServingStatus.ServiceUnknown
            ? throw HealthServiceImpl.UnknownService(request.Service)
            : new HealthCheckResponse { Status = status };
    }

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        CancellationToken stopping = options.Value.SuppressCompletionOnShutdown ? CancellationToken.None : lifetime.ApplicationStopping;
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        Func<Task<ServingStatus>>? first =
            options.Value.UseHealthChecksCache ? null : () => RunChecksAsync(request.Service, context.CancellationToken);
        await foreach (ServingStatus status in states.WatchAsync(request.Service, first, ended.Token).ConfigureAwait(false))
            await responseStream.WriteAsync(new HealthCheckResponse { Status = status }).ConfigureAwait(false);

        if (!context.CancellationToken.IsCancellationRequested)
            await responseStream.WriteAsync(new HealthCheckResponse { Status = ServingStatus.NotServing }).ConfigureAwait(false);
    }

    /// <summary>One unhealthy check is enough; a degraded server still serves, and so does one without checks.</summary>
    internal static ServingStatus StatusOf(IEnumerable<HealthReportEntry> entries) =>
        entries.Any(entry => entry.Status == HealthStatus.Unhealthy) ? ServingStatus.NotServing : ServingStatus.Serving;

    private async Task<ServingStatus> RunChecksAsync(string service, CancellationToken cancellationToken)
    {
        if (!options.Value.Services.TryGet(service, out ServiceMapping? mapping))
            return ServingStatus.ServiceUnknown;

        HealthReport report = await checks.CheckHealthAsync(
            registration => checkOptions.Value.Predicate?.Invoke(registration) != false
                && mapping.HealthCheckPredicate!(new HealthCheckMapContext(registration.Name, registration.Tags)),
            cancellationToken).ConfigureAwait(false);
        return StatusOf(report.Entries.Values);
    }
}

/// <summary>Carries the periodic reports of ASP.NET Core's health checks to those who watch.</summary>
internal sealed class HealthChecksPublisher(HealthServiceImpl states, IOptions<GrpcHealthChecksOptions> options) : IHealthCheckPublisher
{
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        foreach (ServiceMapping mapping in options.Value.Services)
        {
            IEnumerable<HealthReportEntry> entries = report.Entries
                .Where(entry => mapping.HealthCheckPredicate!(new HealthCheckMapContext(entry.Key, entry.Value.Tags)))
                .Select(entry => entry.Value);
            states.SetStatus(mapping.Name, HealthChecksService.StatusOf(entries));
        }

        return Task.CompletedTask;
    }
}
