using CoLlm.Protocol.V1;
using CoLlm.Router.Tests.Peers;
using Grpc.Core;

namespace CoLlm.Router.Tests.Api;

/// <summary>A client that leaves at any moment leaves nothing behind, here or at the expert.</summary>
public sealed class CancellationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Generate_ClientLeavesAfterSomeTokens_FreesKvAndEndsTheSession()
    {
        await using var model = new EngineExpert("pair-expert");
        await using ScriptedExpert expert = await model.StartAsync();
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(expert.Address));
        for (int tokens = 0; tokens < 12; tokens += 2)
        {
            await LeaveAfterAsync(router, tokens);
            await router.WhenHomeAsync();
        }

        for (int i = 0; i < expert.Sessions.Count; i++)
            Assert.True(await expert.Ended.WaitAsync(Patience));
        Assert.Equal(0, model.Engine.GetStatistics().OpenSessions);
        Answered whole = await router.GenerateAsync(RouterUnderTest.Request(threshold: 0.4f));
        Assert.Equal(32, whole.Tokens.Count);
    }

    [Fact]
    public async Task Generate_ClientLeavesWhileTheExpertThinks_CancelsTheSessionAtOnce()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            asked.TrySetResult();
            await session.ReadAskAsync();
        });
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(expert.Address));
        using CancellationTokenSource leaving = new();
        Task<Answered> answer = router.GenerateAsync(RouterUnderTest.Request(threshold: -1f), leaving.Token);
        await asked.Task.WaitAsync(Patience);

        await leaving.CancelAsync();

        await Assert.ThrowsAsync<RpcException>(() => answer);
        Assert.True(await expert.Ended.WaitAsync(Patience));
        await router.WhenHomeAsync();
    }

    [Fact]
    public async Task Generate_DeadlineOver_EndsTheWorkToo()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            await session.ReadAskAsync();
        });
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(expert.Address));
        using AsyncServerStreamingCall<GenerateResponse> call = router.Client.Generate(
            RouterUnderTest.Request(threshold: -1f), deadline: DateTime.UtcNow.AddMilliseconds(300));

        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(default))
            {
            }
        });

        Assert.Equal(StatusCode.DeadlineExceeded, exception.StatusCode);
        await router.WhenHomeAsync();
        for (int i = 0; i < expert.Sessions.Count; i++)
            Assert.True(await expert.Ended.WaitAsync(Patience));
    }

    private static async Task LeaveAfterAsync(RouterUnderTest router, int tokens)
    {
        using CancellationTokenSource leaving = new();
        using AsyncServerStreamingCall<GenerateResponse> call =
            router.Client.Generate(RouterUnderTest.Request(threshold: 0.4f, maxNewTokens: 400), cancellationToken: leaving.Token);
        for (int i = 0; i <= tokens; i++)
            Assert.True(await call.ResponseStream.MoveNext(default));
        await leaving.CancelAsync();
    }
}
