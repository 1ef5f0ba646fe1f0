using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>A router process does what OpenTelemetry's environment variables say, as a collector sees it.</summary>
public sealed class VariableTests : IAsyncLifetime
{
    private const string Generate = "collm.v1.Generation/Generate";
    private const string Sampled = "d0000000000000000000000000000001", Declined = "d0000000000000000000000000000002";

    private static readonly GenerateRequest Short = new Scenario { Mode = CollaborationMode.BaseOnly, Prompt = "short", MaxNewTokens = 2 }.ToMessage();

    private OtlpSink _sink = null!;

    public async ValueTask InitializeAsync() => _sink = await OtlpSink.StartAsync();

    public ValueTask DisposeAsync() => _sink.DisposeAsync();

    [Theory]
    [InlineData("parentbased_traceidratio", "0", true, false, 1)]
    [InlineData("traceidratio", "0", false, false, 0)]
    [InlineData("traceidratio", "1", true, true, 3)]
    public async Task Sampler_ContextOfTheCaller_IsFollowedWhereTheSamplerIsParentBased(
        string sampler, string share, bool isSampledExported, bool isDeclinedExported, int exported)
    {
        await RunAsync(new() { ["OTEL_TRACES_SAMPLER"] = sampler, ["OTEL_TRACES_SAMPLER_ARG"] = share }, async router =>
        {
            await GenerateAsync(router, []);
            await GenerateAsync(router, Context(Sampled, "01"));
            await GenerateAsync(router, Context(Declined, "00"));
        });

        Assert.Equal(exported, _sink.Spans.Count(span => span.Name == Generate));
        Assert.Equal(isSampledExported, _sink.Trace(Sampled).Count > 0);
        Assert.Equal(isDeclinedExported, _sink.Trace(Declined).Count > 0);
    }

    [Fact]
    public async Task Export_HeadersAndCompression_ReachTheCollector()
    {
        await RunAsync(
            new()
            {
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=Bearer%20of%20all,x-tenant=7",
                ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = "authorization=Bearer%20of%20traces",
                ["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip",
            },
            router => GenerateAsync(router, []));

        Assert.Contains(_sink.Spans, span => span.Name == Generate);
        Assert.NotEmpty(_sink.MetricNames);
        Assert.Equal(("Bearer of traces", null), (_sink.Header("traces", "authorization"), _sink.Header("traces", "x-tenant")));
        Assert.Equal(("Bearer of all", "7"), (_sink.Header("metrics", "authorization"), _sink.Header("metrics", "x-tenant")));
        Assert.Equal(("gzip", "gzip"), (_sink.Header("traces", "grpc-encoding"), _sink.Header("logs", "grpc-encoding")));
    }

    [Fact]
    public async Task Export_EndpointOfOneSignal_TakesThatSignalAlone()
    {
        string address = _sink.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"];

        await RunAsync(
            new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "", ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = address }, router => GenerateAsync(router, []));

        Assert.Contains(_sink.Spans, span => span.Name == Generate);
        Assert.Empty(_sink.MetricNames);
        Assert.Empty(_sink.Logged);
    }

    [Fact]
    public async Task Disabled_EverythingElseSet_ExportsAndShowsNothing()
    {
        string output = await RunAsync(new() { ["OTEL_SDK_DISABLED"] = "true" }, async router =>
        {
            await GenerateAsync(router, Context(Sampled, "01"));
            Assert.Equal("# EOF\n", await Scrape.ReadAsync(router.Process, Scrape.OpenMetrics));
        });

        Assert.Empty(_sink.Spans);
        Assert.Empty(_sink.MetricNames);
        Assert.Empty(_sink.Logged);
        Assert.DoesNotContain("Telemetry:", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Malformed_ValuesThatEndTheSdk_AreWarningsAndTheRestIsExported()
    {
        string output = await RunAsync(
            new()
            {
                ["OTEL_EXPORTER_OTLP_HEADERS"] = "a%2Cb",
                ["OTEL_BLRP_MAX_QUEUE_SIZE"] = "1",
                ["OTEL_TRACES_SAMPLER"] = "always",
                ["OTEL_PROPAGATORS"] = "b3",
            },
            router => GenerateAsync(router, []));

        Assert.Contains("Telemetry: OTEL_EXPORTER_OTLP_HEADERS must be", output, StringComparison.Ordinal);
        Assert.Contains("Telemetry: OTEL_BLRP_MAX_EXPORT_BATCH_SIZE is 512", output, StringComparison.Ordinal);
        Assert.Contains("Telemetry: OTEL_TRACES_SAMPLER must be", output, StringComparison.Ordinal);
        Assert.Contains("Telemetry: Nobody here reads OTEL_PROPAGATORS.", output, StringComparison.Ordinal);
        Assert.Contains(_sink.Spans, span => span.Name == Generate);
    }

    /// <summary>Runs a router to its orderly end, so that it has exported whatever it ever will.</summary>
    /// <returns>What it printed.</returns>
    private async Task<string> RunAsync(Dictionary<string, string> variables, Func<RouterClient, Task> use)
    {
        foreach ((string name, string value) in _sink.Environment)
            variables.TryAdd(name, value);
        await using CollmProcess process = await CollmProcess.StartAsync("router", Settings.Router(null, (SharedServices.First, ["http://127.0.0.1:1"])), variables);
        using RouterClient router = new(process);
        await use(router);
        Assert.Equal(0, await process.StopAsync());
        return process.Output;
    }

    private static Metadata Context(string traceId, string flags) => new() { { "traceparent", $"00-{traceId}-00f067aa0ba902b7-{flags}" } };

    private static async Task GenerateAsync(RouterClient router, Metadata headers)
    {
        using AsyncServerStreamingCall<GenerateResponse> call = router.Begin(Short, headers, CancellationToken.None);
        await RouterClient.ReadAsync(call, new Answered());
    }
}
