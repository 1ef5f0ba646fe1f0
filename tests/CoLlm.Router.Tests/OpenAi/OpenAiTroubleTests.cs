using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using CoLlm.Router.Admission;
using CoLlm.Router.Tests.Peers;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing;
using CoLlm.Testing.Telemetry;

namespace CoLlm.Router.Tests.OpenAi;

/// <summary>Overload, loss, stopping, leaving and strangers, as an application over HTTP meets them.</summary>
public sealed class OpenAiTroubleTests
{
    private const string Completions = "/v1/completions";
    private const string Deferring = """{ "prompt": "river", "max_tokens": 8, "ignore_eos": true, "collm": { "threshold": -1 } }""";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Completions_PlacesTakenThenStopping_SaySoWithTheirStatus()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously), answering = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await HeldExpertAsync(asked, answering);
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(
            RouterUnderTest.HttpOptions(expert.Address) with { Admission = new AdmissionOptions { MaxConcurrentRequests = 1, MaxQueuedRequests = 0 } });
        Task<HttpAnswered> running = HttpAnswered.PostAsync(router, Completions, Deferring);
        await asked.Task.WaitAsync(Patience);

        HttpAnswered full = await HttpAnswered.PostAsync(router, Completions, Deferring);
        Assert.Equal((HttpStatusCode.TooManyRequests, "1", "too_many_requests", "rate_limit_error"),
            (full.Status, full.Headers.RetryAfter!.ToString(), full.Error.GetProperty("code").GetString(), full.Error.GetProperty("type").GetString()));

        Task stopping = router.Application.StopAsync();
        HttpAnswered draining = await HttpAnswered.PostAsync(router, Completions, Deferring);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "draining"), (draining.Status, draining.Error.GetProperty("code").GetString()));
        answering.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await running).Status);
        await stopping.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completions_ExpertIsLost_EndAsAnError(bool streams)
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions("http://127.0.0.1:1"));
        HttpAnswered answer = await HttpAnswered.PostAsync(router, Completions, Deferring.Replace("\"ignore_eos\"", $"\"stream\": {(streams ? "true" : "false")}, \"ignore_eos\"", StringComparison.Ordinal));

        Assert.Equal((streams ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, false), (answer.Status, answer.IsDone));
        Assert.Equal(("expert_unavailable", "server_error"), (answer.Error.GetProperty("code").GetString(), answer.Error.GetProperty("type").GetString()));
        Assert.Equal("Expert expert did not give what the answer needed: expert_unavailable.", answer.Error.GetProperty("message").GetString());
        Assert.All(answer.Bodies, body => Assert.DoesNotContain("127.0.0.1", body.GetRawText(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completions_ClientLeavesWhileTheExpertThinks_FreesEverythingAtOnce(bool streams)
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously), never = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await HeldExpertAsync(asked, never);
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions(expert.Address));
        using CancellationTokenSource leaving = new();
        Task<HttpAnswered> answer = HttpAnswered.PostAsync(
            router, Completions, Deferring.Replace("\"ignore_eos\"", $"\"stream\": {(streams ? "true" : "false")}, \"ignore_eos\"", StringComparison.Ordinal), leaving.Token);
        await asked.Task.WaitAsync(Patience);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.True(await expert.Ended.WaitAsync(Patience));
        await router.WhenHomeAsync();
    }

    [Fact]
    public async Task Completions_ClientLeavesAfterSomeEvents_FreesKvAndEndsTheSession()
    {
        await using var model = new EngineExpert("pair-expert");
        await using ScriptedExpert expert = await model.StartAsync();
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions(expert.Address));
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };
        for (int lines = 1; lines < 12; lines += 3)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, Completions);
            request.Content = new StringContent(
                """{ "prompt": "river", "max_tokens": 400, "ignore_eos": true, "stream": true, "collm": { "threshold": 0.4 } }""", Encoding.UTF8, "application/json");
            using (HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
            using (StreamReader reader = new(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)))
            {
                for (int line = 0; line < lines; line++)
                    Assert.NotNull(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
            }

            await router.WhenHomeAsync();
        }

        for (int i = 0; i < expert.Sessions.Count; i++)
            Assert.True(await expert.Ended.WaitAsync(Patience));
        Assert.Equal(0, model.Engine.GetStatistics().OpenSessions);
    }

    [Fact]
    public async Task Completions_AnotherBodyStaysUnfinished_IsRefusedNamingTheBound()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(
            RouterUnderTest.HttpOptions() with { Admission = new AdmissionOptions { MaxConcurrentRequests = 1, MaxQueuedRequests = 0 } });
        using var recorded = new RecordedMetrics(router.Application.Services);
        using TcpClient unfinished = new();
        await unfinished.ConnectAsync(IPAddress.Loopback, router.AddressOf(ListenerKind.Http).Port, TestContext.Current.CancellationToken);
        await unfinished.GetStream().WriteAsync(
            Encoding.UTF8.GetBytes($"POST {Completions} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{ "),
            TestContext.Current.CancellationToken);
        using CancellationTokenSource patience = new(Patience);
        HttpAnswered answer;
        do
        {
            // An answer is with its client before its place is free again.
            await router.WhenHomeAsync();
            answer = await HttpAnswered.PostAsync(router, Completions, """{ "prompt": "river", "max_tokens": 1 }""", patience.Token);
        }
        while (answer.Status == HttpStatusCode.OK);

        Assert.Equal((HttpStatusCode.TooManyRequests, "1 requests are being read, which is the bound."), (answer.Status, answer.Error.GetProperty("message").GetString()));
        Assert.Equal(1, recorded.Sum("collm.requests.refused", "reason=too_many_requests"));
    }

    [Theory]
    [InlineData(null, null, HttpStatusCode.Unauthorized)]
    [InlineData("Bearer", "wrong", HttpStatusCode.Unauthorized)]
    [InlineData("Basic", "right-key", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer", "right-key", HttpStatusCode.OK)]
    [InlineData("bearer", "other-key", HttpStatusCode.OK)]
    public async Task Models_KeysAreAskedFor_OnlyTheirHoldersAreServed(string? scheme, string? key, HttpStatusCode status)
    {
        using TemporaryDirectory folder = new();
        string file = folder.Write("keys", "# applications\nright-key\n\n  other-key \n");
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions() with { HttpApiKeysPath = file });
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };
        http.DefaultRequestHeaders.Authorization = scheme is null ? null : new AuthenticationHeaderValue(scheme, key);
        using HttpResponseMessage response = await http.GetAsync("/v1/models", TestContext.Current.CancellationToken);
        HttpAnswered answer = await HttpAnswered.ReadAsync(response);

        Assert.Equal(status, answer.Status);
        if (status != HttpStatusCode.OK)
            Assert.Equal(("invalid_api_key", "Bearer"), (answer.Error.GetProperty("code").GetString(), response.Headers.WwwAuthenticate.ToString()));
    }

    [Fact]
    public async Task Listeners_EachOfItsOwnKind_ServeNothingElse()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions() with { HealthListen = "http://127.0.0.1:0" });
        using HttpClient http = new();
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(ListenerKind.Health, "/v1/models"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(ListenerKind.Http, "/metrics"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(ListenerKind.Http, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(ListenerKind.Health, "/metrics"));

        async Task<HttpStatusCode> StatusAsync(ListenerKind listener, string path)
        {
            using HttpResponseMessage response = await http.GetAsync(new Uri(router.AddressOf(listener), path), TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
    }

    /// <summary>An expert that says when it is asked, and answers once it may.</summary>
    private static Task<ScriptedExpert> HeldExpertAsync(TaskCompletionSource asked, TaskCompletionSource answering) => ScriptedExpert.StartAsync(async (session, _) =>
    {
        await session.GrantAsync();
        while (await session.ReadAskAsync() is not null)
        {
            asked.TrySetResult();
            await answering.Task.WaitAsync(session.Cancelled);
            await session.AnswerAsync();
        }
    });
}
