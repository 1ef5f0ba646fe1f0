using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using CoLlm.Router.Api;
using Grpc.Core;
using DeferralReason = CoLlm.Decoding.Deferral.DeferralReason;
using TokenEvent = CoLlm.Decoding.TokenEvent;

namespace CoLlm.Router.Tests.Api;

public sealed class TokenEventSinkTests
{
    private static readonly TimeSpan MaxUnreadTime = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task EmitAsync_ManyTokens_SendsAllInOrder()
    {
        using var client = new ScriptedClient();
        client.Read(int.MaxValue);
        await using var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, TestContext.Current.CancellationToken);

        for (int id = 0; id < 200; id++)
            await sink.EmitAsync(Token(id), TestContext.Current.CancellationToken);
        await sink.CompleteAsync();

        Assert.Equal(Enumerable.Range(0, 200), client.TokenIds);
    }

    [Fact]
    public async Task EmitAsync_ClientDoesNotRead_WaitsOnceTheQueueIsFull()
    {
        using var client = new ScriptedClient();
        await using var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, TestContext.Current.CancellationToken);

        // One token is with the transport, the others wait.
        await sink.EmitAsync(Token(0), TestContext.Current.CancellationToken);
        await client.Entered;
        for (int id = 1; id <= TokenEventSink.MaxQueuedTokens; id++)
            Assert.True(sink.EmitAsync(Token(id), TestContext.Current.CancellationToken).AsTask().IsCompletedSuccessfully);
        Task last = sink.EmitAsync(Token(TokenEventSink.MaxQueuedTokens + 1), TestContext.Current.CancellationToken).AsTask();
        Assert.False(last.IsCompleted);

        client.Read(int.MaxValue);
        await last;
        await sink.CompleteAsync();
        Assert.Equal(Enumerable.Range(0, TokenEventSink.MaxQueuedTokens + 2), client.TokenIds);
    }

    [Fact]
    public async Task EmitAsync_TokensWaitTogether_FlushesWithTheLastOfThem()
    {
        using var client = new ScriptedClient();
        await using var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, TestContext.Current.CancellationToken);
        for (int id = 0; id < 5; id++)
            await sink.EmitAsync(Token(id), TestContext.Current.CancellationToken);

        client.Read(int.MaxValue);
        await sink.CompleteAsync();

        // The first may have left before the others were there; of those that waited only the last asks for a flush.
        Assert.Equal([true, true, true, false], client.Hints[1..]);
        Assert.Null(client.WriteOptions);
    }

    [Fact]
    public async Task EmitAsync_TransportFails_TellsWhy()
    {
        using var client = new ScriptedClient { Failure = new IOException("The client is gone.") };
        await using var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, TestContext.Current.CancellationToken);

        IOException failure = await Assert.ThrowsAsync<IOException>(async () =>
        {
            for (int id = 0; id < 100; id++)
                await sink.EmitAsync(Token(id), TestContext.Current.CancellationToken);
        });

        Assert.Equal("The client is gone.", failure.Message);
        Assert.Same(failure, await Assert.ThrowsAsync<IOException>(sink.CompleteAsync));
    }

    [Fact]
    public async Task DisposeAsync_CallIsCancelled_EndsTheSending()
    {
        using CancellationTokenSource gone = new();
        using var client = new ScriptedClient();
        var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, gone.Token);
        await sink.EmitAsync(Token(1), gone.Token);

        await gone.CancelAsync();
        await sink.DisposeAsync();

        Assert.Empty(client.TokenIds);
    }

    [Fact]
    public async Task CompleteAsync_ClientReadsNothingForTheBound_IsGivenUpNamingIt()
    {
        using var client = new ScriptedClient();
        await using var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, TestContext.Current.CancellationToken);
        await sink.EmitAsync(Token(1), TestContext.Current.CancellationToken);
        await PassAsync(MaxUnreadTime);

        RpcException givenUp = await Assert.ThrowsAsync<RpcException>(sink.CompleteAsync);

        Assert.Equal((StatusCode.Cancelled, "The client has taken no token for 60 s, which is the bound."), (givenUp.StatusCode, givenUp.Status.Detail));
        Assert.Same(givenUp, await Assert.ThrowsAsync<RpcException>(async () => await sink.EmitAsync(Token(2), TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task CompleteAsync_ClientReadsEachTokenWithinTheBound_GetsThemAll()
    {
        using var client = new ScriptedClient();
        await using var sink = new TokenEventSink(client, measures: null, MaxUnreadTime, _time, TestContext.Current.CancellationToken);
        for (int id = 0; id < 3; id++)
        {
            await sink.EmitAsync(Token(id), TestContext.Current.CancellationToken);
            await PassAsync(MaxUnreadTime - TimeSpan.FromTicks(1));
            client.Read(1);
            await UntilAsync(() => _time.WaitingCount == 0);
        }

        await sink.CompleteAsync();
        Assert.Equal([0, 1, 2], client.TokenIds);
    }

    /// <summary>Lets time pass once somebody waits for it to.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        await UntilAsync(() => _time.WaitingCount > 0);
        _time.Advance(time);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static TokenEvent Token(int id) => new()
    {
        TokenId = id,
        Text = "a",
        Position = id,
        Origin = TokenOrigin.Base,
        LogProbability = 0,
        Reason = DeferralReason.BelowThreshold,
    };

    /// <summary>Takes as many messages as it was told to read.</summary>
    private sealed class ScriptedClient : IServerStreamWriter<GenerateResponse>, IDisposable
    {
        private readonly SemaphoreSlim _room = new(0);
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<int> TokenIds { get; } = [];

        public List<bool> Hints { get; } = [];

        public Exception? Failure { get; init; }

        /// <summary>The first message is with the transport.</summary>
        public Task Entered => _entered.Task;

        public WriteOptions? WriteOptions { get; set; }

        public void Read(int count) => _room.Release(count);

        public void Dispose() => _room.Dispose();

        public Task WriteAsync(GenerateResponse message) => WriteAsync(message, default);

        public async Task WriteAsync(GenerateResponse message, CancellationToken cancellationToken)
        {
            _entered.TrySetResult();
            Hints.Add(WriteOptions is { } options && (options.Flags & WriteFlags.BufferHint) != 0);
            if (Failure is not null)
                throw Failure;
            await _room.WaitAsync(cancellationToken);
            TokenIds.Add(message.Token.TokenId);
        }
    }
}
