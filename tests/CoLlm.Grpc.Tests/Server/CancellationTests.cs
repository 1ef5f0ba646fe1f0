using CoLlm.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>A client that goes away is noticed at once, whatever the method is doing.</summary>
public sealed class CancellationTests
{
    private const string Chat = "/collm.testing.Echo/Chat";

    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception?> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Reset_WhileMethodWaits_CancelsItsToken()
    {
        await using EchoHost host = await StartAsync((_, _, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));
        Assert.IsAssignableFrom<OperationCanceledException>(await AbortAsync(host, isAnswered: false));
    }

    [Fact]
    public async Task Reset_WhileMethodReads_EndsTheRead()
    {
        await using EchoHost host = await StartAsync(async (requests, _, _) =>
        {
            while (await requests.MoveNext(CancellationToken.None))
            {
            }
        });
        Assert.NotNull(await AbortAsync(host, isAnswered: false));
    }

    [Fact]
    public async Task Reset_AfterAnAnswer_CancelsTheToken()
    {
        await using EchoHost host = await StartAsync(async (_, replies, context) =>
        {
            await replies.WriteAsync(new EchoReply());
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        });
        Assert.IsAssignableFrom<OperationCanceledException>(await AbortAsync(host, isAnswered: true));
    }

    [Fact]
    public async Task Reset_WhileMethodWritesWithoutEnd_EndsTheWrites()
    {
        EchoReply large = new() { Payload = ByteString.CopyFrom(new byte[100_000]) };
        await using EchoHost host = await StartAsync(async (_, replies, _) =>
        {
            while (true)
                await replies.WriteAsync(large);
        });
        Exception? left = await AbortAsync(host, isAnswered: true);
        Assert.True(left is InvalidOperationException or OperationCanceledException, $"{left}");
    }

    [Fact]
    public async Task Write_ToAClientThatReadsSlowly_WaitsInsteadOfBuffering()
    {
        const int size = 100_000;
        const int count = 600;

        // HttpClient's own window is at most 16 MiB; what is ahead by more than that, only the server could be holding.
        const int mostAhead = 20_000_000 / size;
        int written = 0;
        EchoReply large = new() { Payload = ByteString.CopyFrom(new byte[size]) };
        await using EchoHost host = await StartAsync(async (_, replies, _) =>
        {
            while (written < count)
            {
                await replies.WriteAsync(large);
                Interlocked.Increment(ref written);
            }
        });
        await using RawCall call = RawCall.Start(host.Http, Chat);
        int ahead = 0;
        for (int read = 0; read < count; read++)
        {
            Assert.NotNull(await call.ReadAsync());
            ahead = Math.Max(ahead, Volatile.Read(ref written) - read);
        }

        Assert.InRange(ahead, 0, mostAhead);
    }

    [Fact]
    public async Task Read_ByAMethodThatReadsSlowly_HoldsTheClientBack()
    {
        const int size = 100_000;
        const int count = 300;
        const int mostAhead = 4_000_000 / size;
        int written = 0;
        int ahead = 0;
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Collect = async (requests, _) =>
            {
                for (int read = 0; await requests.MoveNext(CancellationToken.None); read++)
                    ahead = Math.Max(ahead, Volatile.Read(ref written) - read);

                return new EchoReply();
            },
        });
        await using RawCall call = RawCall.Start(host.Http, "/collm.testing.Echo/Collect");
        byte[] frame = RawCall.Frame(new EchoRequest { Payload = ByteString.CopyFrom(new byte[size]) });
        for (; written < count; Interlocked.Increment(ref written))
            await call.WriteAsync(frame);

        call.CompleteRequests();
        Assert.Equal("0", (await call.ReadToEndAsync()).Status);
        Assert.InRange(ahead, 0, mostAhead);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Write_TokenCancelled_ResetsTheCall(bool isBefore)
    {
        // Kestrel resets with INTERNAL_ERROR where it is the first to see the token, which the official packages hand to it.
        const long internalError = 0x2;
        const long cancel = 0x8;
        using CancellationTokenSource giveUp = new();
        TaskCompletionSource givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
        EchoReply large = new() { Payload = ByteString.CopyFrom(new byte[40_000_000]) };
        await using EchoHost host = await StartAsync(async (_, replies, context) =>
        {
            if (isBefore)
                await giveUp.CancelAsync();
            Task write = replies.WriteAsync(large, giveUp.Token);
            await giveUp.CancelAsync();
            givenUp.SetResult();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        });
        await using RawCall call = RawCall.Start(host.Http, Chat);

        // A client that read before would let the write end.
        await givenUp.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(call.ReadToEndAsync);
        HttpProtocolException reset = Assert.IsType<HttpProtocolException>(failure as HttpProtocolException ?? failure.InnerException);
        Assert.True(reset.ErrorCode is cancel or internalError, reset.Message);
        Assert.IsAssignableFrom<OperationCanceledException>(await _left.Task);
    }

    [Fact]
    public async Task Read_AfterTheMethodReturned_IsRefused()
    {
        IAsyncStreamReader<EchoRequest>? kept = null;
        IServerStreamWriter<EchoReply>? keptWriter = null;
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Chat = (requests, replies, _) =>
            {
                (kept, keptWriter) = (requests, replies);
                return Task.CompletedTask;
            },
        });
        await RawCall.SendAsync(host.Http, Chat, Empty);
        await Assert.ThrowsAsync<InvalidOperationException>(() => kept!.MoveNext(CancellationToken.None));
        await Assert.ThrowsAsync<InvalidOperationException>(() => keptWriter!.WriteAsync(new EchoReply()));
    }

    [Fact]
    public async Task Write_BeforeThePreviousFinished_IsRefused()
    {
        Exception? second = null;
        EchoReply large = new() { Payload = ByteString.CopyFrom(new byte[40_000_000]) };
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Chat = async (_, replies, _) =>
            {
                Task first = replies.WriteAsync(large);
                second = await Record.ExceptionAsync(() => replies.WriteAsync(large));
                await first;
            },
        });
        RawReply reply = await RawCall.SendAsync(host.Http, Chat, []);
        Assert.IsType<InvalidOperationException>(second);
        Assert.Single(reply.Messages);
    }

    [Fact]
    public async Task Write_NotAwaited_StillArrivesBeforeTheStatus()
    {
        EchoReply large = new() { Payload = ByteString.CopyFrom(new byte[5_000_000]) };
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Chat = (_, replies, _) =>
            {
                _ = replies.WriteAsync(large);
                return Task.CompletedTask;
            },
        });
        RawReply reply = await RawCall.SendAsync(host.Http, Chat, []);
        Assert.Equal(large, Assert.Single(reply.Messages).Parse<EchoReply>());
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Write_WithBufferHint_ArrivesInOrderAndAtTheEndAtTheLatest()
    {
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Expand = async (request, replies, _) =>
            {
                replies.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
                for (int i = 0; i < request.Repeat; i++)
                    await replies.WriteAsync(new EchoReply { Index = i, Payload = request.Payload });
            },
        });
        byte[] request = RawCall.Frame(new EchoRequest { Repeat = 200, Payload = ByteString.CopyFrom(new byte[1000]) });
        RawReply reply = await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Expand", request);
        Assert.Equal(Enumerable.Range(0, 200), reply.Messages.Select(message => message.Parse<EchoReply>().Index));
        Assert.Equal("0", reply.Status);
    }

    private Task<EchoHost> StartAsync(DuplexStreamingServerMethod<EchoRequest, EchoReply> method) => EchoHost.StartAsync(new EchoBehavior
    {
        Chat = async (requests, replies, context) =>
        {
            _entered.SetResult();
            _left.SetResult(await Record.ExceptionAsync(() => method(requests, replies, context)));
        },
    });

    private async Task<Exception?> AbortAsync(EchoHost host, bool isAnswered)
    {
        await using RawCall call = RawCall.Start(host.Http, Chat);
        await call.WriteAsync(Empty);
        await _entered.Task.WaitAsync(TimeSpan.FromMinutes(2));
        if (isAnswered)
            await call.ResponseAsync();

        await call.AbortAsync();
        return await _left.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }
}
