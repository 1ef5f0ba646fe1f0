using System.Collections.Concurrent;
using CoLlm.EndToEnd.Tests.Observability.Otlp;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>A collector of our own: takes what processes export by OTLP over gRPC and keeps it. Safe to use from any thread.</summary>
internal sealed class OtlpSink : IAsyncDisposable
{
    /// <summary>Bounds every wait; a test that gets near it has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly ConcurrentQueue<ExportedSpan> _spans = [];
    private readonly ConcurrentQueue<ExportedLog> _logs = [];
    private readonly ConcurrentDictionary<(string Service, string Name), bool> _metrics = [];
    private readonly ConcurrentDictionary<(string Signal, string Header), string> _headers = [];
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly WebApplication _application;

    private OtlpSink()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        _application = builder.Build();
        _application.MapGrpcService<Traces>();
        _application.MapGrpcService<Metrics>();
        _application.MapGrpcService<Logs>();
    }

    public IReadOnlyCollection<ExportedSpan> Spans => _spans;

    public IReadOnlyCollection<ExportedLog> Logged => _logs;

    public IReadOnlyCollection<(string Service, string Name)> MetricNames => [.. _metrics.Keys];

    /// <summary>What a request for a signal last said in a header; null: nothing.</summary>
    /// <param name="signal"><c>traces</c>, <c>metrics</c> or <c>logs</c>.</param>
    /// <param name="header">In lower case.</param>
    public string? Header(string signal, string header) => _headers.GetValueOrDefault((signal, header));

    /// <summary>OpenTelemetry's standard variables for a process that exports to here, fast enough for a test.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _application.Urls.Single(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "50",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "50",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
        ["OTEL_RESOURCE_ATTRIBUTES"] = "deployment.environment.name=test",
    };

    public static async Task<OtlpSink> StartAsync()
    {
        var sink = new OtlpSink();
        await sink._application.StartAsync();
        return sink;
    }

    /// <summary>Waits until something has come that makes this true.</summary>
    public async Task WhenAsync(Func<OtlpSink, bool> condition)
    {
        // Of the whole wait: metrics arrive all the time.
        using CancellationTokenSource limit = new(Limit);
        while (!condition(this))
        {
            Assert.False(limit.IsCancellationRequested, $"The sink has {string.Join(", ", _spans.Select(span => span.Span.Name))} and waited for more.");
            await _arrived.WaitAsync(Limit);
        }
    }

    /// <summary>The spans of one trace.</summary>
    /// <param name="traceId">In hexadecimal.</param>
    public IReadOnlyList<ExportedSpan> Trace(string traceId) => [.. _spans.Where(span => span.TraceId == traceId)];

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _arrived.Dispose();
    }

    private static string ServiceOf(Resource resource) =>
        resource.Attributes.FirstOrDefault(attribute => attribute.Key == "service.name")?.Value.StringValue ?? "";

    private void Arrived(string signal, ServerCallContext context)
    {
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in context.GetHttpContext().Request.Headers)
            _headers[(signal, name.ToLowerInvariant())] = value.ToString();
        _arrived.Release();
    }

    private sealed class Traces(OtlpSink sink) : TraceService.TraceServiceBase
    {
        public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
        {
            foreach (ResourceSpans resource in request.ResourceSpans)
            {
                foreach (Span span in resource.ScopeSpans.SelectMany(scope => scope.Spans))
                    sink._spans.Enqueue(new ExportedSpan(ServiceOf(resource.Resource), resource.Resource, span));
            }

            sink.Arrived("traces", context);
            return Task.FromResult(new ExportTraceServiceResponse());
        }
    }

    private sealed class Metrics(OtlpSink sink) : MetricsService.MetricsServiceBase
    {
        public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context)
        {
            foreach (ResourceMetrics resource in request.ResourceMetrics)
            {
                foreach (Metric metric in resource.ScopeMetrics.SelectMany(scope => scope.Metrics))
                    sink._metrics[(ServiceOf(resource.Resource), metric.Name)] = true;
            }

            sink.Arrived("metrics", context);
            return Task.FromResult(new ExportMetricsServiceResponse());
        }
    }

    private sealed class Logs(OtlpSink sink) : LogsService.LogsServiceBase
    {
        public override Task<ExportLogsServiceResponse> Export(ExportLogsServiceRequest request, ServerCallContext context)
        {
            foreach (ResourceLogs resource in request.ResourceLogs)
            {
                foreach (LogRecord log in resource.ScopeLogs.SelectMany(scope => scope.LogRecords))
                    sink._logs.Enqueue(new ExportedLog(ServiceOf(resource.Resource), log.Body?.StringValue ?? "", Hex(log.TraceId), log.Attributes));
            }

            sink.Arrived("logs", context);
            return Task.FromResult(new ExportLogsServiceResponse());
        }
    }

    private static string Hex(Google.Protobuf.ByteString bytes) => Convert.ToHexStringLower(bytes.Span);
}

/// <summary>A span with the service that exported it.</summary>
internal sealed record ExportedSpan(string Service, Resource Resource, Span Span)
{
    public string Name => Span.Name;

    public string TraceId => Convert.ToHexStringLower(Span.TraceId.Span);

    public string SpanId => Convert.ToHexStringLower(Span.SpanId.Span);

    /// <summary>Empty for a root.</summary>
    public string ParentId => Convert.ToHexStringLower(Span.ParentSpanId.Span);

    public IReadOnlyList<string> Links => [.. Span.Links.Select(link => Convert.ToHexStringLower(link.SpanId.Span))];

    public long Number(string attribute) => Attribute(attribute).IntValue;

    public string Text(string attribute) => Attribute(attribute).StringValue;

    private AnyValue Attribute(string key) => Span.Attributes.FirstOrDefault(attribute => attribute.Key == key)?.Value
        ?? throw new InvalidOperationException($"{Name} has no {key}, but {string.Join(", ", Span.Attributes.Select(attribute => attribute.Key))}.");
}

/// <summary>A log record with the service that exported it.</summary>
internal sealed record ExportedLog(string Service, string Text, string TraceId, IReadOnlyList<KeyValue> Attributes);
