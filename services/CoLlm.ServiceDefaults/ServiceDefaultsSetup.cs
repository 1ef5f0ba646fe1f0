using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Telemetry;
using CoLlm.ServiceDefaults.Telemetry.Prometheus;
using CoLlm.ServiceDefaults.Telemetry.Variables;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults;

/// <summary>What router and expert have in common: readiness, liveness and an orderly stop.</summary>
public static class ServiceDefaultsSetup
{
    /// <summary>How long past the drain timeout the server may take to close its connections.</summary>
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(5);

    /// <summary>Registers <see cref="DrainGate"/> and <see cref="Readiness"/>, drains on SIGTERM, and reports by OpenTelemetry.</summary>
    /// <param name="services">The process's services.</param>
    /// <param name="configuration">Holds OpenTelemetry's environment variables.</param>
    /// <param name="identity">Who reports.</param>
    /// <param name="drain">How long running work may finish.</param>
    public static IServiceCollection AddServiceDefaults(
        this IServiceCollection services, IConfiguration configuration, ServiceIdentity identity, DrainOptions drain)
    {
        // The server's own lines, several for each call, would bury ours.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        services.AddServiceTelemetry(configuration, identity);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(drain);
        services.AddSingleton<DrainGate>();
        services.AddSingleton<Readiness>();
        services.AddHostedService<DrainOnStop>();
        services.AddHealthChecks().AddCheck<Readiness>("ready").AddCheck<Liveness>(Liveness.Service);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = drain.Timeout + CloseTime);
        return services;
    }

    /// <summary>
    /// Maps <c>/healthz</c> (the process answers), <c>/readyz</c> (503 with the reason while not ready) and <c>/metrics</c> (Prometheus text,
    /// or OpenMetrics where the client asks for it), the last not where applications come. Endpoints are kept at their listeners.
    /// </summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseListeners();
        app.MapGet("/healthz", () => Results.Text("ok\n"));
        app.MapGet("/readyz", (Readiness readiness) => readiness.NotReadyReason is { } reason
            ? Results.Text(reason + "\n", statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text("ready\n"));
        _ = app.Services.GetRequiredService<ServiceInstruments>(); // Instruments that are asked exist once somebody has made them.
        app.Services.GetRequiredService<TelemetryNotes>().Write();
        PrometheusScrape scrape = app.Services.GetRequiredService<PrometheusScrape>();
        app.MapGet("/metrics", scrape.HandleAsync).ServedAt(ListenerKind.Grpc, ListenerKind.Health);
        return app;
    }
}
