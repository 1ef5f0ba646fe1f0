using System.Text.Json;
using CoLlm.Protocol.V1;
using CoLlm.Router.Admission;
using CoLlm.Router.Api;
using CoLlm.Router.OpenAi.Requests;
using CoLlm.Router.OpenAi.Responses;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Router.Tests.OpenAi.Responses;

/// <summary>An answer in one piece leaves with its last event, and holds its place until it is taken.</summary>
public sealed class WholeAnswerTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5), Patience = TimeSpan.FromMinutes(2);

    private readonly DefaultHttpContext _http = new();

    [Fact]
    public async Task WriteAsync_EventsOfAnAnswer_SendsItWithTheLast()
    {
        using MemoryStream body = new();
        _http.Response.Body = body;
        WholeAnswer whole = Whole(Request);

        await whole.WriteAsync(new GenerateResponse { Started = new Started { RequestId = "1", Model = "collm" } });
        await whole.WriteAsync(new GenerateResponse { Token = new TokenEvent { Text = "ri", Origin = Origin.Base } });
        await whole.WriteAsync(new GenerateResponse { Token = new TokenEvent { Text = "ver", Origin = Origin.Base } });
        Assert.Equal(0, body.Length);
        await whole.WriteAsync(new GenerateResponse { Summary = new Summary { FinishReason = FinishReason.EndOfSequence } });

        using var answer = JsonDocument.Parse(body.ToArray());
        Assert.Equal("river", answer.RootElement.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal("1", _http.Response.Headers["X-Request-Id"]);
    }

    [Fact]
    public async Task WriteAsync_SummaryIsNotTaken_IsGivenUpAfterTheBoundOfEveryEvent()
    {
        ManualTime time = new();
        _http.Response.Body = new UntakenStream();
        GenerateResponse last = new() { Summary = new Summary { FinishReason = FinishReason.EndOfSequence } };
        Task write = BoundedWrite.WriteAsync(Whole(Request), last, Bound, time, default);
        Assert.False(write.IsCompleted);
        time.Advance(Bound);
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => write)).StatusCode);
    }

    [Fact]
    public async Task AnswerAsync_WholeAnswerIsNotTaken_HoldsItsPlaceUntilTheClientLeaves()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions());
        UntakenStream body = new();
        _http.Response.Body = body;
        GenerateRequest request = Request;
        using CancellationTokenSource leaving = new();

        Task answer = router.Application.Services.GetRequiredService<Answering>().AnswerAsync(request, Whole(request), leaving.Token);
        await body.Offered.WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.Equal(1, router.Application.Services.GetRequiredService<RequestGate>().RunningCount);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await router.WhenHomeAsync();
    }

    private static GenerateRequest Request
    {
        get
        {
            GenerateRequest request = RouterUnderTest.Request(maxNewTokens: 2);
            request.Sampling = new SamplingParameters();
            return request;
        }
    }

    private WholeAnswer Whole(GenerateRequest request) =>
        new(_http.Response, new AnswerJson(new CompletionRequest { Message = request, IsChat = false }, created: 0));

    /// <summary>A client that takes nothing.</summary>
    private sealed class UntakenStream : MemoryStream
    {
        private readonly TaskCompletionSource _offered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Offered => _offered.Task;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _offered.TrySetResult();
            return new ValueTask(Task.Delay(Timeout.Infinite, cancellationToken));
        }
    }
}
