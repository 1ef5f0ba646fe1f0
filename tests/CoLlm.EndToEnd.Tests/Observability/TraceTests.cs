using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Observability.Otlp;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>One request over two processes is one trace, and costs nothing where nobody samples it.</summary>
[Collection<TracedServicesCollection>]
public sealed class TraceTests(TracedServices services)
{
    private const string Generate = "collm.v1.Generation/Generate", Session = "collm.v1.Expert/Session";
    private const string Router = "collm-router", Expert = "collm-expert";
    private const string ClientSpan = "00f067aa0ba902b7";

    /// <summary>Bytes of the field that tells an expert where a burst belongs.</summary>
    private const int SpanBytes = 9;

    private static readonly Scenario Answer = new() { Prompt = "short", Threshold = 0.4f, MaxNewTokens = 64 };

    [Fact]
    public async Task Generate_ContextOfTheClient_IsOneTraceThroughBothProcesses()
    {
        const string traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

        Answered answer = await GenerateAsync(services.Router, traceId);

        int bursts = Bursts(answer);
        await services.Sink.WhenAsync(sink => sink.Trace(traceId).Count == 4 + (2 * bursts));
        IReadOnlyList<ExportedSpan> trace = services.Sink.Trace(traceId);
        ExportedSpan call = trace.Single(span => span.Name == Generate);
        Assert.Equal((Router, ClientSpan, SpanKind.Server), (call.Service, call.ParentId, call.Span.Kind));
        Assert.Equal((Router, call.SpanId, SpanKind.Internal), Placed(trace.Single(span => span.Name == "queue")));
        Assert.Equal((Router, call.SpanId, SpanKind.Internal), Placed(trace.Single(span => span.Name == "prefill")));
        Assert.Equal((Expert, call.SpanId, SpanKind.Server), Placed(trace.Single(span => span.Name == Session)));
        ExportedSpan[] deferrals = [.. trace.Where(span => span.Name == "deferral")];
        Assert.Equal(bursts, deferrals.Length);
        Assert.All(deferrals, span => Assert.Equal((Router, call.SpanId, SpanKind.Client), Placed(span)));
        Assert.Equal(
            deferrals.Select(span => (Expert, span.SpanId, SpanKind.Server, span.Number("collm.tokens"), span.Number("collm.first_position"))).Order(),
            trace.Where(span => span.Name == "compute")
                .Select(span => (span.Service, span.ParentId, span.Span.Kind, span.Number("collm.asks"), span.Number("collm.first_position"))).Order());
    }

    [Fact]
    public async Task Generate_Traced_TellsWhatItCostInTheConventionsWords()
    {
        const string traceId = "a0000000000000000000000000000001";

        Answered answer = await GenerateAsync(services.Router, traceId);

        await services.Sink.WhenAsync(sink => sink.Trace(traceId).Count == 4 + (2 * Bursts(answer)));
        IReadOnlyList<ExportedSpan> trace = services.Sink.Trace(traceId);
        ExportedSpan call = trace.Single(span => span.Name == Generate);
        Assert.Equal(("grpc", Generate, "OK"), (call.Text("rpc.system.name"), call.Text("rpc.method"), call.Text("rpc.response.status_code")));
        Assert.Equal(("text_completion", "collm", "collm"), (call.Text("gen_ai.operation.name"), call.Text("gen_ai.provider.name"), call.Text("gen_ai.request.model")));
        Assert.Equal(answer.Summary!.PromptTokenCount, call.Number("gen_ai.usage.input_tokens"));
        Assert.Equal(answer.Summary.TokenCount, call.Number("gen_ai.usage.output_tokens"));
        Assert.Equal(answer.Started!.RequestId, call.Text("collm.request_id"));
        ExpertUsage usage = answer.Summary.Experts.Single();
        ExportedSpan[] deferrals = [.. trace.Where(span => span.Name == "deferral")];
        Assert.Equal(usage.TokenCount, deferrals.Sum(span => span.Number("collm.tokens")));
        Assert.InRange(deferrals.Sum(span => span.Number("collm.bytes")), 1, usage.BytesUp + usage.BytesDown);
        Assert.InRange(trace.Where(span => span.Name == "compute").Sum(span => span.Number("collm.passes")), 1, usage.PassCount);
        Assert.All(trace, span => Assert.True(span.Span.EndTimeUnixNano >= span.Span.StartTimeUnixNano));
        Assert.All(trace, span => Assert.Contains(span.Resource.Attributes, one => one.Key == "deployment.environment.name" && one.Value.StringValue == "test"));
    }

    [Fact]
    public async Task Generate_NotSampled_LeavesNoSpanAndNoByte()
    {
        const string unsampled = "b0000000000000000000000000000001", sampled = "b0000000000000000000000000000002";

        Answered quiet = await GenerateAsync(services.Unsampled, unsampled, "00");
        Answered declined = await GenerateAsync(services.Router, unsampled, "00");
        Answered traced = await GenerateAsync(services.Router, sampled);

        await services.Sink.WhenAsync(sink => sink.Trace(sampled).Count == 4 + (2 * Bursts(traced)));
        Assert.Empty(services.Sink.Trace(unsampled));
        Assert.DoesNotContain(services.Sink.Spans, span => span.Service == "quiet");
        Assert.Equal(BytesUp(quiet), BytesUp(declined));
        Assert.Equal(BytesUp(quiet) + (SpanBytes * Bursts(traced)), BytesUp(traced));
    }

    [Fact]
    public async Task Export_MetricsAndLogs_ReachTheSinkUnderTheServicesNames()
    {
        await GenerateAsync(services.Router, "c0000000000000000000000000000001");

        await services.Sink.WhenAsync(sink => sink.MetricNames.Contains((Router, "collm.answers")) && sink.MetricNames.Contains((Expert, "collm.asks"))
            && sink.MetricNames.Contains(("quiet", "collm.build.info")) && sink.Logged.Any(log => log.Service == Router && log.Text.Contains("is loaded", StringComparison.Ordinal)));
    }

    private static (string Service, string ParentId, SpanKind Kind) Placed(ExportedSpan span) => (span.Service, span.ParentId, span.Span.Kind);

    private static async Task<Answered> GenerateAsync(RouterClient router, string traceId, string flags = "01")
    {
        using AsyncServerStreamingCall<GenerateResponse> call = router.Begin(
            Answer.ToMessage(), new Metadata { { "traceparent", $"00-{traceId}-{ClientSpan}-{flags}" } }, CancellationToken.None);
        return await RouterClient.ReadAsync(call, new Answered());
    }

    /// <summary>Runs of adjacent tokens that the expert wrote.</summary>
    private static int Bursts(Answered answer)
    {
        bool[] isExpert = [false, .. answer.Tokens.Select(token => token.Origin == Origin.Expert)];
        return Enumerable.Range(1, isExpert.Length - 1).Count(i => isExpert[i] && !isExpert[i - 1]);
    }

    private static long BytesUp(Answered answer) => answer.Summary!.Experts.Single().BytesUp;
}
