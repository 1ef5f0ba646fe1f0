using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using CoLlm.Router.Api;
using CoLlm.Router.Telemetry;
using CoLlm.Testing.Telemetry;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using FinishReason = CoLlm.Decoding.FinishReason;

namespace CoLlm.Router.Tests.Telemetry;

/// <summary>Every call is counted once, under what its client was told.</summary>
public sealed class CallRecordTests
{
    [Fact]
    public async Task Tokenize_Refused_IsRecordedWithItsStatus()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        using var recorded = new RecordedMetrics(router.Application.Services);

        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            () => router.Client.TokenizeAsync(new TokenizeRequest { Model = "other", Text = "a" }).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, refused.StatusCode);
        Recorded call = Assert.Single(recorded.Of("rpc.server.call.duration"));
        Assert.True(call.Has(["rpc.method=collm.v1.Generation/Tokenize", "rpc.response.status_code=NOT_FOUND"]), call.ToString());
    }

    [Fact]
    public async Task Cancelled_AnswerHadEnded_IsNotCountedAgain()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        using var recorded = new RecordedMetrics(router.Application.Services);
        RequestReader reader = router.Application.Services.GetRequiredService<RequestReader>();
        GenerationPlan plan = await reader.ReadAsync(RouterUnderTest.Request(), router.Model, default);
        var measures = new AnswerMeasures(router.Application.Services.GetRequiredService<RouterTelemetry>(), plan, TimeProvider.System, arrived: 0);

        // The client leaves between the last token and the summary.
        measures.Ended(Summary, queued: TimeSpan.Zero);
        measures.Cancelled();

        Assert.Equal((1, 1), (recorded.Sum("collm.answers"), recorded.Sum("collm.answers", "finish_reason=max_tokens")));
    }

    private static DecodingSummary Summary => new()
    {
        FinishReason = FinishReason.MaxTokens,
        PromptTokenCount = 1,
        TokenCount = 0,
        BaseTokenCount = 0,
        ComposedTokenCount = 0,
        Experts = [],
        ContestedTokenCount = 0,
        FallbackTokenCount = 0,
        Reasons = new Dictionary<Decoding.Deferral.DeferralReason, int>(),
        BaseStepCount = 0,
        BaseComputedTokenCount = 0,
        Times = default,
    };
}
