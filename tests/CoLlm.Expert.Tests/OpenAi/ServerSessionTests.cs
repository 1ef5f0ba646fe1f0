using CoLlm.Expert.OpenAi;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Shutdown;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Expert.Tests.OpenAi;

/// <summary>What a session asks of a server elsewhere, and that nothing is left under way when it ends.</summary>
public sealed class ServerSessionTests
{
    [Fact]
    public async Task Session_SeveralQuestions_SendEachPrefixOnceAndTakeNothingBack()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.LlamaCpp);
        expert.Server!.Requests.Clear();
        using SessionClient session = new(expert);
        await session.OpenAsync([1, 2, 3, 4]);
        session.Tokens.Add(5);
        await session.AskAsync();
        await session.TruncateAsync(2);
        session.Tokens.Add(9);
        await session.AskAsync();

        string[] prompts = [.. expert.Server.Requests.Where(request => request.Path == "/completion").Select(request => request.Body[request.Body.IndexOf("\"prompt\"", StringComparison.Ordinal)..])];

        Assert.Equal(["\"prompt\":[1,2,3]}", "\"prompt\":[1,2,3,4,5]}", "\"prompt\":[1,2,9]}"], prompts);
    }

    [Fact]
    public async Task Ask_EngineTellsWhatItHadCached_CountsOnlyWhatItComputed()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.LlamaCpp);
        using SessionClient session = new(expert);
        await session.OpenAsync([1, 2, 3, 4]);

        Answer answer = (await session.AskAsync())[0];

        Assert.Equal((2, 2), (answer.PassCount, answer.ComputedTokenCount)); // The server says that it lacked one token of each prompt.
    }

    [Fact]
    public async Task Ask_MoreSessionsThanPlaces_WaitForOneAnother()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(
            ServerFlavor.Vllm, changeServer: server => server with { MaxConcurrentRequests = 2 });
        int underWay = 0, most = 0;
        expert.Server!.Instead = async context =>
        {
            if (context.Request.Path != "/v1/completions")
                return false;
            int now = Interlocked.Increment(ref underWay);
            most = Math.Max(most, now);
            await Task.Yield();
            Interlocked.Decrement(ref underWay);
            return false;
        };
        using SessionClient session = new(expert);
        await session.OpenAsync([1, 2, 3, 4, 5, 6, 7, 8]);

        List<Answer> answers = await session.AskAsync([1, 2, 3, 4, 5, 6, 7, 8]);

        Assert.Equal(8, answers.Count);
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    public async Task DrainAsync_QuestionUnderWay_IsGivenUpWhenTheTimeIsOver()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Vllm);
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously), gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SessionClient session = new(expert);
        using CancellationTokenSource timeIsOver = new();
        await session.OpenAsync([1]);
        expert.Server!.Instead = context => Silence(context, arrived, gone);
        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 1, PrefixHash = session.Hash.Value } });
        await arrived.Task;

        Task<int> drained = expert.App.Services.GetRequiredService<DrainGate>().DrainAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, timeIsOver.Token);
        Assert.False((await session.ReceivePastAppliedAsync())!.Notice.EndsSession);
        await timeIsOver.CancelAsync();

        Notice ended = (await session.ReceivePastAppliedAsync())!.Notice;
        Assert.Equal((FailureReason.Draining, true), (ended.Failure.Reason, ended.EndsSession));
        await gone.Task;
        await drained;
    }

    [Fact]
    public async Task Session_ClientLeavesWhileAQuestionIsUnderWay_TheServerIsAskedNoMore()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Sglang);
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously), gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource leaves = new();
        using SessionClient session = new(expert, leaves.Token);
        await session.OpenAsync([1]);
        expert.Server!.Instead = context => Silence(context, arrived, gone);
        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 1, PrefixHash = session.Hash.Value } });
        await arrived.Task;

        await leaves.CancelAsync();

        await gone.Task;
        await Assert.ThrowsAsync<RpcException>(session.ReceiveAsync);
        while (expert.Table.Count > 0)
            await Task.Yield();
    }

    /// <summary>Answers nothing until the caller has gone.</summary>
    private static async Task<bool> Silence(Microsoft.AspNetCore.Http.HttpContext context, TaskCompletionSource arrived, TaskCompletionSource? gone = null)
    {
        if (context.Request.Path == "/health")
            return false;
        arrived.TrySetResult();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        gone?.TrySetResult();
        return true;
    }
}
