using System.Globalization;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace CoLlm.ServiceDefaults.Telemetry.Variables;

/// <summary>Whether and where one signal is exported by OTLP. What is said of the signal comes before what is said of all.</summary>
/// <param name="configuration">Holds the environment variables, all of them well-formed.</param>
/// <param name="signal">One of <see cref="TelemetryVariables.Signals"/>.</param>
internal sealed class OtlpExport(IConfiguration configuration, string signal)
{
    private const string General = "OTEL_EXPORTER_OTLP_";

    /// <summary>Where an endpoint is named or the exporter is asked for by name; "none", or a scrape alone, leaves the signal out.</summary>
    public bool IsWanted => configuration[$"OTEL_{signal}_EXPORTER"] is { Length: > 0 } exporters
        ? exporters.Split(',', StringSplitOptions.TrimEntries).Contains("otlp", StringComparer.OrdinalIgnoreCase)
        : !string.IsNullOrWhiteSpace(configuration[General + "ENDPOINT"]) || Own("ENDPOINT") is not null;

    /// <summary>Sets what is said of this signal; the SDK has set what is said of all.</summary>
    public void Apply(OtlpExporterOptions options)
    {
        // The SDK knows this word in lower case only.
        if ((Own("PROTOCOL") ?? configuration[General + "PROTOCOL"]) is { Length: > 0 } protocol)
            options.Protocol = protocol.Equals("grpc", StringComparison.OrdinalIgnoreCase) ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        if (Own("ENDPOINT") is { } endpoint)
            options.Endpoint = new Uri(endpoint);
        if (Own("HEADERS") is { } headers)
            options.Headers = headers;
        if (Own("TIMEOUT") is { } timeout)
            options.TimeoutMilliseconds = int.Parse(timeout, CultureInfo.InvariantCulture);
        if (Own("COMPRESSION") is { } compression)
            options.Compression = compression.Equals("gzip", StringComparison.OrdinalIgnoreCase) ? OtlpExportCompression.GZip : OtlpExportCompression.None;
    }

    private string? Own(string what) => configuration[$"{General}{signal}_{what}"] is { } said && !string.IsNullOrWhiteSpace(said) ? said : null;
}
