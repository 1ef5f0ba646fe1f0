using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Expert.Tests.Sessions;

/// <summary>How sessions end: by the client, by eviction, by the end of the process; their blocks always come home.</summary>
public sealed class SessionLifetimeTests
{
    [Fact]
    public async Task Open_AllPlacesTaken_EvictsTheOneIdleLongest()
    {
        ManualTime time = new();
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync(
            options => options with { Limits = new SessionLimits { MaxSessions = 2, IdleTimeout = TimeSpan.FromMinutes(1) } }, time);
        using SessionClient oldest = new(expert), older = new(expert), newcomer = new(expert);
        await oldest.OpenAsync([1, 2, 3]);
        await oldest.AskAsync();
        await IdleAsync(expert);
        time.Advance(TimeSpan.FromSeconds(50));
        await older.OpenAsync([1, 2, 3]);
        await older.AskAsync();
        await IdleAsync(expert);
        time.Advance(TimeSpan.FromSeconds(50));

        await newcomer.OpenAsync([1, 2, 3]);

        Notice notice = (await oldest.ReceiveAsync())!.Notice;
        Assert.Equal((FailureReason.Evicted, true), (notice.Failure.Reason, notice.EndsSession));
        Assert.Null(await oldest.ReceiveAsync());
        Assert.Single(await older.AskAsync());
        Assert.Equal(2, expert.Table.Count);
    }

    [Fact]
    public async Task Open_AllPlacesTakenByBusyOnes_IsRefusedNamingTheBound()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync(options => options with { Limits = new SessionLimits { MaxSessions = 1 } });
        using SessionClient first = new(expert), second = new(expert);
        await first.OpenAsync([1, 2, 3]);

        Notice notice = await second.OpenRefusedAsync(_ => { });

        Assert.Equal(FailureReason.TooManySessions, notice.Failure.Reason);
        Assert.Contains("MaxSessions", notice.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(200, notice.Failure.RetryAfterMs);
    }

    [Fact]
    public async Task Open_KvPoolTaken_IsRefusedNamingTheBound()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync(options => options with { Models = [options.Models[0] with { KvCacheBytes = 1 << 20 }] });
        int tokens = expert.Statistics.KvBlocks * expert.Engine.Options.BlockSizeTokens;
        int reserved = Math.Min(tokens, expert.Model.Description.MaxSequenceTokens);
        List<SessionClient> sessions = [];
        for (int left = tokens; left >= reserved; left -= reserved)
        {
            sessions.Add(new SessionClient(expert));
            await sessions[^1].OpenAsync([1, 2, 3], reserved);
        }

        using SessionClient last = new(expert);
        Notice notice = await last.OpenRefusedAsync(open => open.MaxSequenceTokens = reserved);

        Assert.Equal(FailureReason.KvPoolExhausted, notice.Failure.Reason);
        Assert.Contains("KV blocks", notice.Failure.Message, StringComparison.Ordinal);
        sessions.ForEach(session => session.Dispose());
    }

    [Fact]
    public async Task Session_CancelledAtRandomPoints_AllBlocksComeHome()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        Random random = new(77);
        for (int round = 0; round < 25; round++)
        {
            using CancellationTokenSource gone = new();
            SessionClient session = new(expert, gone.Token);
            try
            {
                await session.OpenAsync([.. Enumerable.Range(1, random.Next(1, 60))]);
                Task asking = AskUntilCancelledAsync(session, random.Next(1, 30));
                if (random.Next(2) == 0)
                    await session.ReceiveAsync();
                await gone.CancelAsync();
                await asking;
            }
            catch (RpcException exception)
            {
                Assert.Equal(StatusCode.Cancelled, exception.StatusCode);
            }

            session.Dispose();
        }

        await EmptyAsync(expert);
        Assert.Equal(0, expert.Statistics.KvBlocksReserved);
        Assert.Equal(0, expert.Statistics.KvBlocksHeld);
    }

    [Fact]
    public async Task DrainAsync_OpenSession_IsToldAtOnceAndEndedWhenTheTimeIsOver()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using SessionClient session = new(expert);
        using CancellationTokenSource timeIsOver = new();
        await session.OpenAsync([1, 2, 3]);
        await session.AskAsync();

        Task<int> drained = expert.App.Services.GetRequiredService<DrainGate>().DrainAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, timeIsOver.Token);
        SessionResponse? announced = await session.ReceivePastAppliedAsync();
        Assert.Equal((FailureReason.Draining, false), (announced!.Notice.Failure.Reason, announced.Notice.EndsSession));
        Assert.Single(await session.AskAsync());
        await timeIsOver.CancelAsync();
        SessionResponse? ended = await session.ReceiveAsync();
        Assert.Equal((FailureReason.Draining, true), (ended!.Notice.Failure.Reason, ended.Notice.EndsSession));
        Assert.Null(await session.ReceiveAsync());
        Assert.Equal(1, await drained);
    }

    [Fact]
    public async Task StopAsync_TimeToDrain_SessionsAreServedToTheirEnd()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync(options => options with { Drain = new DrainOptions { Timeout = TimeSpan.FromMinutes(5) } });
        using SessionClient session = new(expert), late = new(expert);
        await session.OpenAsync([1, 2, 3]);

        Task stopped = expert.App.StopAsync();
        Assert.Equal(FailureReason.Draining, (await session.ReceivePastAppliedAsync())!.Notice.Failure.Reason);
        Assert.Single(await session.AskAsync());
        Assert.Equal(FailureReason.Draining, (await late.OpenRefusedAsync(_ => { })).Failure.Reason);
        Assert.False(stopped.IsCompleted);
        await session.CloseAsync();

        await stopped;
    }

    private static async Task AskUntilCancelledAsync(SessionClient session, int count)
    {
        try
        {
            for (int i = 0; i < count; i++)
            {
                session.Tokens.Add(i);
                await session.AppendAsync();
            }
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException or OperationCanceledException)
        {
        }
    }

    /// <summary>Cancellation reaches the server over the network; yields until its table says that it has.</summary>
    private static async Task EmptyAsync(ExpertUnderTest expert)
    {
        while (expert.Table.Count > 0 || expert.Statistics is { OpenSessions: > 0 } or { RunningSessions: > 0 })
            await Task.Yield();
    }

    /// <summary>A session is idle once it waits for its next message, which is shortly after its answer arrives; the time of that is what counts.</summary>
    private static async Task IdleAsync(ExpertUnderTest expert)
    {
        while (expert.Table.IdleCount < expert.Table.Count)
            await Task.Yield();
    }
}
