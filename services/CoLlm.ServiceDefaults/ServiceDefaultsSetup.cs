using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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

    /// <summary>Registers <see cref="DrainGate"/> and <see cref="Readiness"/>, and drains on SIGTERM as <paramref name="drain"/> says.</summary>
    public static IServiceCollection AddServiceDefaults(this IServiceCollection services, DrainOptions drain)
    {
        // The server's own lines, several for each call, would bury ours.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(drain);
        services.AddSingleton<DrainGate>();
        services.AddSingleton<Readiness>();
        services.AddHostedService<DrainOnStop>();
        services.AddHealthChecks().AddCheck<Readiness>("ready").AddCheck<Liveness>(Liveness.Service);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = drain.Timeout + CloseTime);
        return services;
    }

    /// <summary>Maps <c>/healthz</c> (the process answers) and <c>/readyz</c> (503 with the reason while not ready).</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.MapGet("/healthz", () => Results.Text("ok\n"));
        app.MapGet("/readyz", (Readiness readiness) => readiness.NotReadyReason is { } reason
            ? Results.Text(reason + "\n", statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text("ready\n"));
        return app;
    }
}
