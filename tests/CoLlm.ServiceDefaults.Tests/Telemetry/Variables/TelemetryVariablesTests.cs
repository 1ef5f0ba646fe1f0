using System.Text.RegularExpressions;
using CoLlm.ServiceDefaults.Telemetry.Variables;
using CoLlm.Testing;
using Microsoft.Extensions.Configuration;

namespace CoLlm.ServiceDefaults.Tests.Telemetry.Variables;

/// <summary>What the environment says of telemetry is honoured or named in a sentence, and never ends the process.</summary>
public sealed partial class TelemetryVariablesTests
{
    [Theory]
    [InlineData("OTEL_SDK_DISABLED", "True")]
    [InlineData("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")]
    [InlineData("OTEL_TRACES_SAMPLER", "ALWAYS_ON")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "1e-3")]
    [InlineData("OTEL_METRICS_EXPORTER", "otlp, prometheus")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shop,deployment.environment.name=a%3Db,")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=Bearer%20x==,x-tenant=7")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "gzip")]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE", "512")]
    [InlineData("OTEL_SPAN_LINK_COUNT_LIMIT", "0")]
    [InlineData("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory")]
    [InlineData("OTEL_TRACES_SAMPLER", " ")]
    public void Settle_ValueThatCanBeHonoured_IsLeftAlone(string name, string value)
    {
        IConfiguration configuration = Environment((name, value));

        Assert.Empty(TelemetryVariables.Settle(configuration));
        Assert.Equal(value, configuration[name]);
    }

    [Theory]
    [InlineData("OTEL_SDK_DISABLED", "yes", "true or false")]
    [InlineData("OTEL_TRACES_SAMPLER", "jaeger_remote", "always_on or always_off or traceidratio")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "1.5", "a number from 0 to 1")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "NaN", "a number from 0 to 1")]
    [InlineData("OTEL_TRACES_EXPORTER", "console", "otlp or none")]
    [InlineData("OTEL_METRICS_EXEMPLAR_FILTER", "sometimes", "trace_based or always_on or always_off")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES", "shop", "key=value")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317", "http://")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json", "grpc or http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "from 1 to")]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem", "the path of a file")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "-1", "from 1 to")]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE", "2000000000", "from 1 to 1000000")]
    [InlineData("OTEL_BLRP_SCHEDULE_DELAY", "1s", "a whole number")]
    [InlineData("OTEL_ATTRIBUTE_COUNT_LIMIT", "many", "a whole number")]
    public void Settle_ValueThatCannotBeHonoured_IsNamedAndUnset(string name, string value, string expected)
    {
        IConfiguration configuration = Environment((name, value));

        string problem = Assert.Single(TelemetryVariables.Settle(configuration));

        Assert.StartsWith(name + " must be ", problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        Assert.Contains($"not '{value}'", problem, StringComparison.Ordinal);
        Assert.Null(configuration[name]);
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("a=secret%2Csecret")]
    [InlineData("two words=secret")]
    [InlineData("a=secret%0A")]
    public void Settle_MalformedHeaders_AreUnsetAndNotRepeated(string value)
    {
        IConfiguration configuration = Environment(("OTEL_EXPORTER_OTLP_HEADERS", value));

        string problem = Assert.Single(TelemetryVariables.Settle(configuration));

        Assert.Contains("OTEL_EXPORTER_OTLP_HEADERS", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
        Assert.Null(configuration["OTEL_EXPORTER_OTLP_HEADERS"]);
    }

    [Theory]
    [InlineData("OTEL_BSP", "100", null)]
    [InlineData("OTEL_BLRP", null, "4096")]
    [InlineData("OTEL_BLRP", "10", "11")]
    public void Settle_BatchLargerThanItsQueue_UnsetsBoth(string queue, string? size, string? batch)
    {
        IConfiguration configuration = Environment((queue + "_MAX_QUEUE_SIZE", size), (queue + "_MAX_EXPORT_BATCH_SIZE", batch));

        string problem = Assert.Single(TelemetryVariables.Settle(configuration));

        Assert.Contains($"{queue}_MAX_EXPORT_BATCH_SIZE is {batch ?? "512"}", problem, StringComparison.Ordinal);
        Assert.Contains($"which is {size ?? "2048"}", problem, StringComparison.Ordinal);
        Assert.Null(configuration[queue + "_MAX_QUEUE_SIZE"]);
        Assert.Null(configuration[queue + "_MAX_EXPORT_BATCH_SIZE"]);
    }

    [Fact]
    public void Settle_VariablesNobodyReads_AreNamedTogether() => Assert.Equal(
        ["Nobody here reads OTEL_PROPAGATORS, OTEL_TRACE_SAMPLER."],
        TelemetryVariables.Settle(Environment(("OTEL_TRACE_SAMPLER", "always_on"), ("OTEL_PROPAGATORS", "b3"), ("OTHER", "x"))));

    [Fact]
    public void Settings_InTheTable_AreTheVariables()
    {
        string text = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "deploy", "observability", "README.md"));
        string section = text.Split("## Settings")[1].Split("\n## ")[0];
        string[] patterns = [.. Row().Matches(section).SelectMany(row => Name().Matches(row.Value.Split('|')[1])).Select(match => match.Groups[1].Value)];

        Assert.All(TelemetryVariables.All.Keys, name => Assert.Single(patterns, pattern => Regex.IsMatch(name, Pattern(pattern))));
        Assert.All(patterns, pattern => Assert.Contains(TelemetryVariables.All.Keys, name => Regex.IsMatch(name, Pattern(pattern))));
    }

    /// <summary>A star stands for part of a name; between underscores for the name of a signal.</summary>
    private static string Pattern(string name) => $"^{name.Replace("_*_", "_(TRACES|METRICS|LOGS)_", StringComparison.Ordinal).Replace("*", "[A-Z_]+", StringComparison.Ordinal)}$";

    private static IConfiguration Environment(params (string Name, string? Value)[] variables) => new ConfigurationBuilder()
        .AddInMemoryCollection(variables.Where(variable => variable.Value is not null).ToDictionary(variable => variable.Name, variable => variable.Value)).Build();

    [GeneratedRegex("^\\| `OTEL_.*$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(OTEL_[A-Z_*]+)`")]
    private static partial Regex Name();
}
