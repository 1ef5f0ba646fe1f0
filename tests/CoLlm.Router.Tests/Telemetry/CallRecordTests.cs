using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using CoLlm.Router.Api;
using CoLlm.Router.Telemetry;
using CoLlm.Router.Tests.OpenAi;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Telemetry;
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
    public async Task Completions_OverHttp_IsRecordedAsAnyAnswerAndContinuesTheTrace()
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        ConcurrentQueue<Activity> spans = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name is RpcSpans.SourceName or AnswerSpans.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId.ToString() == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions());
        using var recorded = new RecordedMetrics(router.Application.Services);
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/completions");
        request.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");
        request.Headers.Add("X-Client-Request-Id", "mine");
        request.Content = new StringContent("""{ "prompt": "river", "max_tokens": 3, "ignore_eos": true }""", Encoding.UTF8, "application/json");

        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        HttpAnswered refused = await HttpAnswered.PostAsync(router, "/v1/completions", """{ "prompt": "river", "model": "other" }""");
        await router.Application.StopAsync(TestContext.Current.CancellationToken); // A client has its answer before the server is done with the request.

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (response.StatusCode, refused.Status));
        Assert.Equal(1, recorded.Count("http.server.request.duration", "http.route=/v1/completions", "http.response.status_code=200", "http.request.method=POST"));
        Assert.Equal(1, recorded.Count("http.server.request.duration", "http.response.status_code=404"));
        Assert.Equal((1, 1), (recorded.Sum("collm.answers", "finish_reason=max_tokens"), recorded.Sum("collm.requests.refused", "reason=unknown_model")));
        Activity call = Assert.Single(spans, span => span.DisplayName == "POST /v1/completions");
        Assert.Equal((trace, "b7ad6b7169203331", ActivityKind.Server), (call.TraceId.ToString(), call.ParentSpanId.ToString(), call.Kind));
        Assert.Equal("mine", call.GetTagItem("collm.client_request_id"));
        Assert.All(new[] { "queue", "prefill" }, name => Assert.Equal(call.SpanId, Assert.Single(spans, span => span.DisplayName == name).ParentSpanId));
    }

    [Theory]
    [InlineData("/v1/completions", """{ "prompt": 7 }""", "invalid_parameter")]
    [InlineData("/v1/completions", """{ "prompt": "river", "n": 2 }""", "invalid_parameter")]
    [InlineData("/v1/completions", """{ "prompt": "river", "model": "other" }""", "unknown_model")]
    [InlineData("/v1/chat/completions", """{ "messages": [{ "role": "user", "content": "river" }], "max_tokens": 9999 }""", "output_too_long")]
    [InlineData("/v1/models/other", null, "unknown_model")]
    [InlineData(null, null, "unknown_model")]
    public async Task Request_RefusedAtAnyStepOfEitherDoor_IsCountedOnce(string? path, string? body, string reason)
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions());
        using var recorded = new RecordedMetrics(router.Application.Services);
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };

        if (body is not null)
            Assert.InRange((int)(await HttpAnswered.PostAsync(router, path!, body)).Status, 400, 499);
        else if (path is not null)
            Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
        else
            await Assert.ThrowsAsync<RpcException>(() => router.GenerateAsync(new GenerateRequest { Model = "other" }));

        Assert.Equal((1, 1), (recorded.Sum("collm.requests.refused"), recorded.Sum("collm.requests.refused", $"reason={reason}")));
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
