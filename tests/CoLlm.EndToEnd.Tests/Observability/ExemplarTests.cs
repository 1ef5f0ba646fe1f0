using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>A point of a histogram leads to a trace that the collector has.</summary>
[Collection<TracedServicesCollection>]
public sealed class ExemplarTests(TracedServices services)
{
    private const string Call = "collm.v1.Generation/Generate";

    [Fact]
    public async Task Metrics_SampledRequest_IsTheExemplarOfItsBuckets()
    {
        await services.Router.GenerateAsync(new Scenario().ToMessage());

        string router = await Scrape.ReadAsync(services.Router.Process, Scrape.OpenMetrics);
        string expert = await Scrape.ReadAsync(services.Expert, Scrape.OpenMetrics);
        await services.Sink.WhenAsync(sink => TracesIn(router).Concat(TracesIn(expert)).All(trace => sink.Trace(trace).Count > 0));

        Assert.Contains(router.Split('\n'), line => line.StartsWith("collm_answer_duration_seconds_bucket", StringComparison.Ordinal) && line.Contains(" # {trace_id=", StringComparison.Ordinal));
        Assert.Contains(expert.Split('\n'), line => line.StartsWith("collm_ask_compute_seconds_bucket", StringComparison.Ordinal) && line.Contains(" # {trace_id=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_RequestOfATracedClient_NameItsTraceAndSpan()
    {
        const string traceId = "e0000000000000000000000000000001";
        await GenerateAsync(traceId);

        string[] scrape = (await Scrape.ReadAsync(services.Router.Process, Scrape.OpenMetrics)).Split('\n');

        string spanId = await SpanOfAsync(traceId);
        Assert.Contains(scrape, line => line.StartsWith("collm_answer_duration_seconds_bucket", StringComparison.Ordinal)
            && line.Contains($" # {{trace_id=\"{traceId}\",span_id=\"{spanId}\"}} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prometheus_AskedForExemplars_ReturnsTheTraceThatTheCollectorHas()
    {
        const string traceId = "e0000000000000000000000000000002";
        PrometheusServer.Require();
        await using PrometheusServer prometheus = await PrometheusServer.StartAsync(
            ("collm-router", new Uri(services.Router.Process.HttpAddress).Authority));
        await GenerateAsync(traceId);

        string labels = await prometheus.WhenExemplarAsync("collm_answer_duration_seconds_bucket", traceId);

        Assert.Contains(await SpanOfAsync(traceId), labels, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_UnsampledRequests_LeaveNoExemplar()
    {
        await services.Unsampled.GenerateAsync(new Scenario().ToMessage());

        Assert.DoesNotContain(" # {", await Scrape.ReadAsync(services.Unsampled.Process, Scrape.OpenMetrics), StringComparison.Ordinal);
    }

    private async Task GenerateAsync(string traceId)
    {
        using AsyncServerStreamingCall<GenerateResponse> call = services.Router.Begin(
            new Scenario().ToMessage(), new Metadata { { "traceparent", $"00-{traceId}-00f067aa0ba902b7-01" } }, CancellationToken.None);
        await RouterClient.ReadAsync(call, new Answered());
    }

    private async Task<string> SpanOfAsync(string traceId)
    {
        await services.Sink.WhenAsync(sink => sink.Trace(traceId).Any(span => span.Name == Call));
        return services.Sink.Trace(traceId).Single(span => span.Name == Call).SpanId;
    }

    /// <summary>The traces that exemplars name.</summary>
    private static IEnumerable<string> TracesIn(string scrape) => scrape.Split("trace_id=\"").Skip(1).Select(rest => rest[..32]).Distinct();
}
