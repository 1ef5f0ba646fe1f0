using CoLlm.ServiceDefaults.Telemetry.Variables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>
/// Traces, metrics and logs of a service. They are exported by OTLP where OpenTelemetry's standard environment variables ask for it,
/// and nowhere otherwise; metrics can be scraped in any case.
/// </summary>
public static class TelemetrySetup
{
    /// <summary>Points kept for one instrument: labels are few by design, and what exceeds this is a mistake that must not eat the memory.</summary>
    private const int MaxPointsPerInstrument = 500;

    /// <summary>Registers OpenTelemetry for the meters and activity sources called <c>CoLlm.*</c> and the runtime's own metrics.</summary>
    /// <param name="services">The process's services.</param>
    /// <param name="configuration">Holds the environment variables; those that make no sense are unset, and logged once the service runs.</param>
    /// <param name="identity">Who reports; <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> come before it.</param>
    public static IServiceCollection AddServiceTelemetry(this IServiceCollection services, IConfiguration configuration, ServiceIdentity identity)
    {
        IReadOnlyList<string> problems = TelemetryVariables.Settle(configuration);
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<TelemetryNotes>(provider, problems));
        services.AddSingleton(identity);
        services.AddSingleton<ServiceInstruments>();
        services.AddSingleton<EngineInstruments>();
        services.AddSingleton<RpcTelemetry>();
        services.AddSingleton<Prometheus.PrometheusExporter>();
        services.AddSingleton<Prometheus.PrometheusScrape>();
        OtlpExport traces = new(configuration, "TRACES"), logs = new(configuration, "LOGS");
        OpenTelemetryBuilder telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(identity.Name, serviceVersion: identity.Version).AddEnvironmentVariableDetector())
            .WithMetrics(metrics => Configure(metrics, configuration));
        if (traces.IsWanted)
            telemetry.WithTracing(tracing => tracing.AddSource("CoLlm.*").AddOtlpExporter(traces.Apply));
        if (logs.IsWanted)
            telemetry.WithLogging(logging => logging.AddOtlpExporter(logs.Apply), options => options.IncludeFormattedMessage = true);
        return services;
    }

    private static void Configure(MeterProviderBuilder metrics, IConfiguration configuration)
    {
        metrics.AddMeter("CoLlm.*", "System.Runtime")
            .AddView(_ => new MetricStreamConfiguration { CardinalityLimit = MaxPointsPerInstrument })
            .AddReader(provider => new BaseExportingMetricReader(provider.GetRequiredService<Prometheus.PrometheusExporter>()));

        // What is set here would come before the variable.
        if (string.IsNullOrWhiteSpace(configuration["OTEL_METRICS_EXEMPLAR_FILTER"]))
            metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
        OtlpExport export = new(configuration, "METRICS");
        if (export.IsWanted)
            metrics.AddOtlpExporter(export.Apply);
    }
}
