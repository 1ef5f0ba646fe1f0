using CoLlm.Grpc.Tests.Protos;
using CoLlm.Grpc.Tests.Server;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Server;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Grpc.Tests.Internal;

/// <summary>Deadlines, by a clock that the test moves.</summary>
public sealed class DeadlineTests
{
    private const string Chat = "/collm.testing.Echo/Chat";

    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception?> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Deadline_OfTimeoutHeader_IsThatLongFromNow()
    {
        DateTime seen = default;
        await using EchoHost host = await StartAsync((_, _, context) =>
        {
            seen = context.Deadline;
            return Task.CompletedTask;
        });
        await RawCall.SendAsync(host.Http, Chat, Empty, ("grpc-timeout", "5S"));
        Assert.Equal(_time.GetUtcNow().UtcDateTime.AddSeconds(5), seen);
        Assert.Equal(DateTimeKind.Utc, seen.Kind);
    }

    [Fact]
    public async Task Deadline_PassedWhileMethodWaits_CancelsItAndAnswersDeadlineExceeded()
    {
        await using EchoHost host = await StartAsync((_, _, context) => Task.Delay(Timeout.Infinite, context.CancellationToken));
        (RawReply reply, Exception? exception) = await PassAsync(host);
        Assert.Equal("4", reply.Status);
        Assert.IsAssignableFrom<OperationCanceledException>(exception);
    }

    [Fact]
    public async Task Deadline_PassedWhileMethodReads_EndsTheReadAndAnswers()
    {
        await using EchoHost host = await StartAsync(async (requests, _, _) =>
        {
            while (await requests.MoveNext(CancellationToken.None))
            {
            }
        });
        (RawReply reply, Exception? exception) = await PassAsync(host);
        Assert.Equal("4", reply.Status);
        Assert.NotNull(exception);
    }

    [Fact]
    public async Task Deadline_PassedWhileMethodIgnoresIt_AnswersWithoutWaitingForTheMethod()
    {
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EchoHost host = await StartAsync(async (_, replies, _) =>
        {
            await replies.WriteAsync(new EchoReply { Index = 1 });
            await release.Task;
            await replies.WriteAsync(new EchoReply { Index = 2 });
        });
        await using RawCall call = RawCall.Start(host.Http, Chat, headers: ("grpc-timeout", "5S"));
        await call.WriteAsync(Empty);
        await _entered.Task;
        Assert.Equal(1, (await call.ReadAsync())!.Parse<EchoReply>().Index);
        _time.Advance(TimeSpan.FromSeconds(5));

        RawReply reply = await call.ReadToEndAsync();
        Assert.Empty(reply.Messages);
        Assert.Equal("4", reply.Trailer("grpc-status"));
        release.SetResult();
        Assert.IsType<InvalidOperationException>(await _left.Task.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public async Task Deadline_AlmostPassed_ChangesNothing()
    {
        await using EchoHost host = await StartAsync(async (requests, replies, _) =>
        {
            while (await requests.MoveNext(CancellationToken.None))
                await replies.WriteAsync(new EchoReply());
        });
        await using RawCall call = RawCall.Start(host.Http, Chat, headers: ("grpc-timeout", "5S"));
        await call.WriteAsync(Empty);
        await _entered.Task;
        _time.Advance(TimeSpan.FromSeconds(4.9));
        call.CompleteRequests();
        RawReply reply = await call.ReadToEndAsync();
        Assert.Single(reply.Messages);
        Assert.Equal("0", reply.Status);
        _time.Advance(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Deadline_OfNoTime_AnswersWithoutRunningTheMethod()
    {
        await using EchoHost host = await StartAsync((_, _, _) => Task.CompletedTask);
        RawReply reply = await RawCall.SendAsync(host.Http, Chat, [], ("grpc-timeout", "0S"));
        Assert.Equal("4", reply.Status);
        Assert.False(_entered.Task.IsCompleted);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("123456789S")]
    public async Task Timeout_Malformed_IsInternalAndNamesIt(string timeout)
    {
        await using EchoHost host = await StartAsync((_, _, _) => Task.CompletedTask);
        RawReply reply = await RawCall.SendAsync(host.Http, Chat, [], ("grpc-timeout", timeout));
        Assert.Equal("13", reply.Status);
        Assert.Contains(timeout, reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timeout_OfThousandsOfYears_IsNoError()
    {
        await using EchoHost host = await StartAsync((_, _, _) => Task.CompletedTask);
        Assert.Equal("0", (await RawCall.SendAsync(host.Http, Chat, [], ("grpc-timeout", "99999999H"))).Status);
    }

    [Fact]
    public async Task Deadline_PassedWhileAWriteIsStuck_ResetsTheStream()
    {
        EchoReply large = new() { Payload = ByteString.CopyFrom(new byte[40_000_000]) };
        TaskCompletionSource<bool> stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using EchoHost host = await StartAsync(async (_, replies, _) =>
        {
            Task write = replies.WriteAsync(large);
            stuck.SetResult(!write.IsCompleted);
            await write;
            await replies.WriteAsync(large);
        });
        await using RawCall call = RawCall.Start(host.Http, Chat, headers: ("grpc-timeout", "5S"));
        Assert.True(await stuck.Task);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull(await _left.Task.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    private Task<EchoHost> StartAsync(DuplexStreamingServerMethod<EchoRequest, EchoReply> method) => EchoHost.StartAsync(
        new EchoBehavior
        {
            Chat = async (requests, replies, context) =>
            {
                _entered.TrySetResult();
                Exception? exception = await Record.ExceptionAsync(() => method(requests, replies, context));
                _left.TrySetResult(exception);
            },
        },
        addServices: services => services.AddSingleton(new CallClock(_time)));

    private async Task<(RawReply Reply, Exception? Exception)> PassAsync(EchoHost host)
    {
        await using RawCall call = RawCall.Start(host.Http, Chat, headers: ("grpc-timeout", "5S"));
        await call.WriteAsync(Empty);
        await _entered.Task;
        _time.Advance(TimeSpan.FromSeconds(5));
        RawReply reply = await call.ReadToEndAsync();
        return (reply, await _left.Task.WaitAsync(TimeSpan.FromMinutes(2)));
    }
}
