using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>
/// Traces, metrics and logs of a service. They are exported by OTLP where OpenTelemetry's standard environment variables name an
/// endpoint, and nowhere otherwise; metrics can be scraped in any case.
/// </summary>
public static class TelemetrySetup
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Points kept for one instrument: labels are few by design, and what exceeds this is a mistake that must not eat the memory.</summary>
    private const int MaxPointsPerInstrument = 500;

    /// <summary>Registers OpenTelemetry for the meters and activity sources called <c>CoLlm.*</c> and the runtime's own metrics.</summary>
    /// <param name="services">The process's services.</param>
    /// <param name="configuration">Holds the environment variables.</param>
    /// <param name="identity">Who reports; <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> come before it.</param>
    public static IServiceCollection AddServiceTelemetry(this IServiceCollection services, IConfiguration configuration, ServiceIdentity identity)
    {
        services.AddSingleton(identity);
        services.AddSingleton<ServiceInstruments>();
        services.AddSingleton<EngineInstruments>();
        services.AddSingleton<RpcTelemetry>();
        services.AddSingleton<Prometheus.PrometheusExporter>();
        services.AddSingleton<Prometheus.PrometheusScrape>();
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(identity.Name, serviceVersion: identity.Version).AddEnvironmentVariableDetector())
            .WithMetrics(metrics => Configure(metrics, IsExported(configuration, "METRICS")));
        if (IsExported(configuration, "TRACES"))
            telemetry.WithTracing(tracing => tracing.AddSource("CoLlm.*").AddOtlpExporter());
        if (IsExported(configuration, "LOGS"))
            telemetry.WithLogging(logging => logging.AddOtlpExporter(), options => options.IncludeFormattedMessage = true);
        return services;
    }

    private static void Configure(MeterProviderBuilder metrics, bool isExported)
    {
        metrics.AddMeter("CoLlm.*", "System.Runtime")
            .SetExemplarFilter(ExemplarFilterType.TraceBased)
            .AddView(_ => new MetricStreamConfiguration { CardinalityLimit = MaxPointsPerInstrument })
            .AddReader(provider => new BaseExportingMetricReader(provider.GetRequiredService<Prometheus.PrometheusExporter>()));
        if (isExported)
            metrics.AddOtlpExporter();
    }

    private static bool IsExported(IConfiguration configuration, string signal) =>
        configuration[$"OTEL_{signal}_EXPORTER"] != "none"
        && (!string.IsNullOrEmpty(configuration[Endpoint])
            || !string.IsNullOrEmpty(configuration[Endpoint.Replace("ENDPOINT", signal + "_ENDPOINT", StringComparison.Ordinal)]));
}
