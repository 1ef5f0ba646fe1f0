using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.Disturbances;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>What an operator sees of a request that met trouble.</summary>
public sealed class FailedRequestTraceTests : IAsyncLifetime
{
    private OtlpSink _sink = null!;

    public async ValueTask InitializeAsync() => _sink = await OtlpSink.StartAsync();

    public ValueTask DisposeAsync() => _sink.DisposeAsync();

    [Fact]
    public async Task Generate_ReplicaKilledMidAnswer_LinksTheReplayToTheBurstThatWasLost()
    {
        await using Scene scene = await Scene.StartAsync(replicaCount: 2, _sink.Environment);
        (AsyncServerStreamingCall<GenerateResponse> call, CollmProcess expert, PausingProxy wire) = await scene.BeginHeldAsync();
        using (call)
        {
            await expert.KillAsync();
            wire.Cut();
            await RouterClient.ReadAsync(call, new Answered());
        }

        await _sink.WhenAsync(sink => sink.Spans.Any(span => span.Name == "collm.v1.Generation/Generate") && sink.Spans.Any(span => span.Name == "failover")
            && sink.Spans.Any(IsReplay));
        ExportedSpan failover = _sink.Spans.Single(span => span.Name == "failover");
        ExportedSpan lost = _sink.Spans.Single(span => failover.Links.Contains(span.SpanId));
        ExportedSpan replay = _sink.Spans.Single(IsReplay);
        Assert.Equal("deferral", lost.Name);
        Assert.Equal(2, lost.Span.Status?.Code);
        Assert.Equal("expert_unavailable", failover.Text("collm.reason"));
        Assert.Equal([lost.SpanId], replay.Links);
        Assert.Equal((failover.TraceId, failover.ParentId), (replay.TraceId, replay.ParentId));
    }

    [Fact]
    public async Task Generate_NoExpert_FailsInTraceAndLogAlike()
    {
        await using CollmProcess process = await CollmProcess.StartAsync(
            "router", Settings.Router(null, (SharedServices.First, ["http://127.0.0.1:1"])), _sink.Environment);
        using RouterClient router = new(process);

        GenerateRequest request = Scene.Answer.ToMessage();
        Answered answer = await router.GenerateAsync(request);

        Assert.Equal(FinishReason.ExpertUnavailable, answer.Summary!.FinishReason);
        await _sink.WhenAsync(sink => sink.Logged.Any(IsFailure) && sink.Spans.Any(span => span.Name == "collm.v1.Generation/Generate"));
        ExportedSpan call = _sink.Spans.Single(span => span.Name == "collm.v1.Generation/Generate");
        ExportedLog log = _sink.Logged.Single(IsFailure);
        Assert.Equal(2, call.Span.Status.Code);
        Assert.Equal("expert_unavailable", call.Text("error.type"));
        Assert.Equal(call.TraceId, log.TraceId);
        Assert.Contains(answer.Started!.RequestId, log.Text, StringComparison.Ordinal);
        await process.SaysAsync(call.TraceId);
    }

    private static bool IsReplay(ExportedSpan span) => span.Name == "collm.v1.Expert/Session" && span.Links.Count > 0;

    private static bool IsFailure(ExportedLog log) => log.Text.Contains("ended with expert_unavailable", StringComparison.Ordinal);
}
