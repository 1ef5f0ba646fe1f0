using System.Net;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Admission;
using CoLlm.Router.Base;
using CoLlm.Router.Hosting;
using CoLlm.Router.Tests.Peers;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace CoLlm.Router.Tests.Hosting;

/// <summary>The process as its surroundings see it: probes, bounds, an orderly stop, and weights that cannot be used.</summary>
public sealed class RouterHostTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Probes_WeightsLoaded_AnswerOnTheirOwnPort()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options() with { HealthListen = "http://127.0.0.1:0" });
        using var http = new HttpClient { BaseAddress = new Uri(router.Application.Urls.Last()) };
        Assert.Equal("ok\n", await http.GetStringAsync("/healthz"));
        Assert.Equal("ready\n", await http.GetStringAsync("/readyz"));
    }

    [Fact]
    public async Task StopAsync_AnswerRuns_FinishesItAndRefusesNewOnes()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource answering = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            while (await session.ReadAskAsync() is not null)
            {
                asked.TrySetResult();
                await answering.Task;
                await session.AnswerAsync();
            }
        });
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(expert.Address));
        Task<Answered> running = router.GenerateAsync(RouterUnderTest.Request(threshold: -1f, maxNewTokens: 4));
        await asked.Task.WaitAsync(Patience);
        Task stopping = router.Application.StopAsync();
        DrainGate gate = router.Application.Services.GetRequiredService<DrainGate>();
        Assert.True(gate.Draining.IsCancellationRequested);
        Assert.Equal((ServingStatus.NotServing, ServingStatus.Serving), (await HealthAsync(router, ""), await HealthAsync(router, Liveness.Service)));

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => router.GenerateAsync(RouterUnderTest.Request()));
        answering.SetResult();

        Assert.Equal((StatusCode.Unavailable, FailureReason.Draining.Name()), (refused.StatusCode, refused.Trailers.GetValue(FailureReasons.ReasonTrailer)));
        Assert.Equal(FinishReason.MaxTokens, (await running).Summary!.FinishReason);
        await stopping.WaitAsync(Patience);
    }

    [Fact]
    public async Task StopAsync_AnswerOutlastsTheDrain_EndsItWithShutdown()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            await session.AnswerAsync();
            await session.ReadAskAsync();
            asked.TrySetResult();
            await session.ReadAskAsync();
        });
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(
            RouterUnderTest.Options(expert.Address) with { Drain = new DrainOptions { Timeout = TimeSpan.Zero } });
        Task<Answered> running = router.GenerateAsync(RouterUnderTest.Request(threshold: -1f));
        await asked.Task.WaitAsync(Patience);

        await router.Application.StopAsync().WaitAsync(Patience);

        Answered answer = await running;
        Assert.Equal((FinishReason.Shutdown, 1), (answer.Summary!.FinishReason, answer.Summary.TokenCount));
        Assert.Single(answer.Tokens);
    }

    [Fact]
    public async Task Generate_PlacesAndQueueTaken_IsRefusedAtOnceNamingTheBounds()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            asked.TrySetResult();
            await session.ReadAskAsync();
        });
        RouterOptions options = RouterUnderTest.Options(expert.Address);
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(
            options with { Admission = new AdmissionOptions { MaxConcurrentRequests = 1, MaxQueuedRequests = 0 } });
        using CancellationTokenSource leaving = new();
        Task<Answered> running = router.GenerateAsync(RouterUnderTest.Request(threshold: -1f), leaving.Token);
        await asked.Task.WaitAsync(Patience);

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => router.GenerateAsync(RouterUnderTest.Request()));

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Equal(FailureReason.TooManyRequests.Name(), refused.Trailers.GetValue(FailureReasons.ReasonTrailer));
        Assert.Equal("1000", refused.Trailers.GetValue(FailureReasons.RetryAfterTrailer));
        Assert.Contains("All 1 requests and 0 places in the queue are taken.", refused.Status.Detail, StringComparison.Ordinal);
        await leaving.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => running);
    }

    [Fact]
    public async Task Generate_KvPoolTaken_IsRefusedOrWaitsAsConfigured()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource answering = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            while (await session.ReadAskAsync() is not null)
            {
                asked.TrySetResult();
                await answering.Task;
                await session.AnswerAsync();
            }
        });
        RouterOptions options = RouterUnderTest.Options(expert.Address);
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(options with
        {
            Base = options.Base! with { KvTokens = 64 },
            Admission = new AdmissionOptions { MaxQueueTime = TimeSpan.Zero },
        });
        Task<Answered> running = router.GenerateAsync(RouterUnderTest.Request("short", -1f));
        await asked.Task.WaitAsync(Patience);

        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => router.GenerateAsync(RouterUnderTest.Request("short")));
        answering.SetResult();
        await running;

        Assert.Equal((StatusCode.ResourceExhausted, FailureReason.KvPoolExhausted.Name()), (refused.StatusCode, refused.Trailers.GetValue(FailureReasons.ReasonTrailer)));
        Assert.Contains("KV blocks", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(32, (await router.GenerateAsync(RouterUnderTest.Request("short", 1f))).Tokens.Count);
    }

    [Fact]
    public async Task StartAsync_SwapHeadOfAnotherBase_StopsTheProcessNamingBoth()
    {
        using var folder = new TemporaryDirectory();
        string file = Base.RouterSwapHeadTests.WriteHead(folder, baseFingerprint: "0123456789abcdef", "expert");
        RouterOptions options = RouterUnderTest.Options("http://127.0.0.1:1") with { SwapHead = new SwapHeadOptions { File = file } };
        await using WebApplication application = RouterHost.Build(options, logging => logging.ClearProviders());
        TaskCompletionSource stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
        application.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        int exitCode = Environment.ExitCode;
        await application.StartAsync();

        Exception problem = await Assert.ThrowsAnyAsync<Exception>(() => application.Services.GetRequiredService<LoadedModel>().Loading);
        await stopping.Task.WaitAsync(Patience);

        Assert.Contains("base model 0123456789abcdef, but ", problem.Message, StringComparison.Ordinal);
        Environment.ExitCode = exitCode;
    }

    [Fact]
    public async Task Health_GrpcCheck_ServesOnceReady()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        using var http = new HttpClient { BaseAddress = new Uri(router.Application.Urls.First()), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new("application/grpc");
        using HttpResponseMessage response = await http.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();

        // HealthCheckResponse { status = SERVING } behind the five bytes of framing.
        Assert.Equal([8, 1], body[5..]);
    }

    private static async Task<ServingStatus> HealthAsync(RouterUnderTest router, string service) =>
        (await new Health.HealthClient(router.Channel).CheckAsync(new HealthCheckRequest { Service = service })).Status;
}
