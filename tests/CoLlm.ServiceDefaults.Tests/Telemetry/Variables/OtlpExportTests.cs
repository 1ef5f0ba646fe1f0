using CoLlm.ServiceDefaults.Telemetry.Variables;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace CoLlm.ServiceDefaults.Tests.Telemetry.Variables;

/// <summary>Each signal goes where the environment sends it.</summary>
public sealed class OtlpExportTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://all:4317";

    [Theory]
    [InlineData(false)]
    [InlineData(true, Endpoint)]
    [InlineData(true, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://metrics:4317")]
    [InlineData(false, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://traces:4317")]
    [InlineData(true, "OTEL_METRICS_EXPORTER=otlp")]
    [InlineData(true, "OTEL_METRICS_EXPORTER=prometheus, OTLP")]
    [InlineData(false, Endpoint, "OTEL_METRICS_EXPORTER=none")]
    [InlineData(false, Endpoint, "OTEL_METRICS_EXPORTER=prometheus")]
    public void IsWanted_Metrics_FollowsExporterThenEndpoint(bool expected, params string[] variables) =>
        Assert.Equal(expected, new OtlpExport(Environment(variables), "METRICS").IsWanted);

    [Fact]
    public void Apply_VariablesOfTheSignal_ComeBeforeTheGeneralOnes()
    {
        OtlpExporterOptions options = new() { Headers = "a=all", TimeoutMilliseconds = 7 };

        new OtlpExport(
            Environment(
                Endpoint, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://traces/v1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf",
                "OTEL_EXPORTER_OTLP_TRACES_HEADERS=a=traces", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=9", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=gzip"),
            "TRACES").Apply(options);

        Assert.Equal(new Uri("https://traces/v1"), options.Endpoint);
        Assert.Equal(OtlpExportProtocol.HttpProtobuf, options.Protocol);
        Assert.Equal("a=traces", options.Headers);
        Assert.Equal(9, options.TimeoutMilliseconds);
        Assert.Equal(OtlpExportCompression.GZip, options.Compression);
    }

    [Fact]
    public void Apply_VariablesOfAnotherSignal_ChangeNothing()
    {
        OtlpExporterOptions options = new() { Headers = "a=all", TimeoutMilliseconds = 7 }, untouched = new();

        new OtlpExport(Environment("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://logs", "OTEL_EXPORTER_OTLP_LOGS_HEADERS=a=logs"), "TRACES").Apply(options);

        Assert.Equal(("a=all", 7, untouched.Endpoint, untouched.Protocol), (options.Headers, options.TimeoutMilliseconds, options.Endpoint, options.Protocol));
    }

    private static IConfiguration Environment(params string[] variables) => new ConfigurationBuilder()
        .AddInMemoryCollection(variables.Select(variable => variable.Split('=', 2)).ToDictionary(pair => pair[0], string? (pair) => pair[1])).Build();
}
