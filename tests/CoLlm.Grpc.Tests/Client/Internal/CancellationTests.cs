using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>A call that this side gives up ends here with its status and there with a reset stream, at once.</summary>
public sealed class CancellationTests
{
    public enum Way
    {
        Token,
        Dispose,
        MoveNextToken,
        WriteToken,
        Deadline,
        DisposeChannel,
    }

    [Theory]
    [InlineData(Way.Token, StatusCode.Cancelled)]
    [InlineData(Way.Dispose, StatusCode.Cancelled)]
    [InlineData(Way.Deadline, StatusCode.DeadlineExceeded)]
    [InlineData(Way.DisposeChannel, StatusCode.Cancelled)]
    public async Task UnaryCall_GivenUpBeforeTheResponse_EndsOnBothSides(Way way, StatusCode expected)
    {
        await using Scene scene = await Scene.StartAsync(sendsHeaders: false);
        using var call = scene.Server.Invoker.CallUnary(scene.Options);
        await scene.Arrived;
        scene.GiveUp(way, call);
        Assert.Equal(expected, (await StatusOf(async () => await call)).StatusCode);
        Assert.Equal(expected, call.GetStatus().StatusCode);
        await Assert.ThrowsAsync<RpcException>(() => call.ResponseHeadersAsync);
        await scene.Aborted;
    }

    [Theory]
    [InlineData(Way.Token, StatusCode.Cancelled)]
    [InlineData(Way.Dispose, StatusCode.Cancelled)]
    [InlineData(Way.MoveNextToken, StatusCode.Cancelled)]
    [InlineData(Way.WriteToken, StatusCode.Cancelled)]
    [InlineData(Way.Deadline, StatusCode.DeadlineExceeded)]
    [InlineData(Way.DisposeChannel, StatusCode.Cancelled)]
    public async Task DuplexCall_GivenUpDuringAReadAndAWrite_EndsOnBothSides(Way way, StatusCode expected)
    {
        await using Scene scene = await Scene.StartAsync(sendsHeaders: true);
        using var call = scene.Server.Invoker.CallDuplex(scene.Options);
        await call.ResponseHeadersAsync;
        Task<bool> read = call.ResponseStream.MoveNext(way == Way.MoveNextToken ? scene.Token : default);
        Task write = WriteForeverAsync(call.RequestStream, way == Way.WriteToken ? scene.Token : default);
        await scene.Arrived;
        scene.GiveUp(way, call);
        Assert.Equal(expected, (await StatusOf(() => read)).StatusCode);
        Exception end = await Assert.ThrowsAnyAsync<Exception>(() => write);
        if (way == Way.Dispose)
        {
            Assert.True(end is ObjectDisposedException or RpcException { StatusCode: StatusCode.Cancelled }, $"{end}");
            await Assert.ThrowsAsync<ObjectDisposedException>(() => call.ResponseStream.MoveNext(default));
        }
        else
        {
            Assert.Equal(expected, Assert.IsType<RpcException>(end).StatusCode);
            Assert.Equal(expected, (await StatusOf(() => call.ResponseStream.MoveNext(default))).StatusCode);
        }

        Assert.Equal(expected, call.GetStatus().StatusCode);
        await scene.Aborted;
    }

    [Fact]
    public async Task Call_TokenCancelledBefore_IsNeverSent()
    {
        await using Scene scene = await Scene.StartAsync(sendsHeaders: true);
        scene.GiveUp(Way.Token, null);
        Assert.Equal(StatusCode.Cancelled, (await StatusOf(async () => await scene.Server.Invoker.CallUnary(scene.Options))).StatusCode);
        using var call = scene.Server.Invoker.CallDuplex(scene.Options);
        Assert.Equal(StatusCode.Cancelled, (await StatusOf(() => call.RequestStream.WriteAsync(Message()))).StatusCode);
        Assert.Equal(StatusCode.Cancelled, (await StatusOf(() => call.ResponseStream.MoveNext(default))).StatusCode);
        Assert.False(scene.Arrived.IsCompleted);
    }

    [Fact]
    public async Task Call_DeadlinePassedBefore_IsNeverSent()
    {
        await using Scene scene = await Scene.StartAsync(sendsHeaders: true);
        CallOptions options = new(deadline: scene.Clock.UtcNow);
        Assert.Equal(StatusCode.DeadlineExceeded, (await StatusOf(async () => await scene.Server.Invoker.CallUnary(options))).StatusCode);
        Assert.False(scene.Arrived.IsCompleted);
    }

    [Fact]
    public async Task Call_DeadlineFartherThanATimerReaches_StillPasses()
    {
        await using Scene scene = await Scene.StartAsync(sendsHeaders: false);
        using var call = scene.Server.Invoker.CallUnary(new CallOptions(deadline: scene.Clock.UtcNow.AddDays(100)));
        await scene.Arrived;
        for (int day = 0; day < 99; day++)
            scene.Clock.Advance(TimeSpan.FromDays(1));
        Assert.False(call.ResponseAsync.IsCompleted);
        scene.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(StatusCode.DeadlineExceeded, (await StatusOf(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task Call_ServerResetsWithCancelAtTheDeadline_IsDeadlineExceeded()
    {
        ManualClock clock = new();
        await using RawServer server = await RawServer.StartAsync(
            context =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(960));
                RawServer.Reset(context, 0x8);
                return Task.CompletedTask;
            },
            new GrpcChannelOptions { TimeProvider = clock });
        using var call = server.Invoker.CallUnary(new CallOptions(deadline: clock.UtcNow.AddSeconds(1)));
        Assert.Equal(StatusCode.DeadlineExceeded, (await StatusOf(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task Call_CancelledWithThrowOperationCanceled_ThrowsIt()
    {
        await using Scene scene = await Scene.StartAsync(sendsHeaders: true, throwsOperationCanceled: true);
        using var call = scene.Server.Invoker.CallServerStreaming(scene.Options);
        Task<bool> read = call.ResponseStream.MoveNext(default);
        await scene.Arrived;
        scene.GiveUp(Way.Token, call);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Channel_Disposed_RefusesCalls()
    {
        await using RawServer server = await RawServer.StartAsync(_ => Task.CompletedTask);
        server.Channel.Dispose();
        server.Channel.Dispose();
        Assert.Throws<ObjectDisposedException>(() => server.Invoker.CallUnary());
        Assert.Throws<ObjectDisposedException>(server.Channel.CreateCallInvoker);
    }

    private static async Task WriteForeverAsync(IClientStreamWriter<Google.Protobuf.WellKnownTypes.BytesValue> writer, CancellationToken cancellationToken)
    {
        while (true)
            await writer.WriteAsync(Message(100_000), cancellationToken);
    }

    /// <summary>A server that takes a call and never answers, and the ways to give that call up.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _cancellation = new();

        public RawServer Server { get; private set; } = null!;

        public ManualClock Clock { get; } = new();

        public Task Arrived => _arrived.Task;

        public Task Aborted => _aborted.Task;

        public CancellationToken Token => _cancellation.Token;

        public CallOptions Options { get; private set; }

        public static async Task<Scene> StartAsync(bool sendsHeaders, bool throwsOperationCanceled = false)
        {
            Scene scene = new();
            scene.Options = new CallOptions(deadline: scene.Clock.UtcNow.AddMinutes(1), cancellationToken: scene.Token);
            GrpcChannelOptions options = new() { TimeProvider = scene.Clock, ThrowOperationCanceledOnCancellation = throwsOperationCanceled };
            scene.Server = await RawServer.StartAsync(context => scene.TakeAsync(context, sendsHeaders), options);
            return scene;
        }

        public void GiveUp(Way way, IDisposable? call)
        {
            switch (way)
            {
                case Way.Dispose:
                    call!.Dispose();
                    break;
                case Way.Deadline:
                    Clock.Advance(TimeSpan.FromMinutes(1));
                    break;
                case Way.DisposeChannel:
                    Server.Channel.Dispose();
                    break;
                default:
                    _cancellation.Cancel();
                    break;
            }
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private async Task TakeAsync(HttpContext context, bool sendsHeaders)
        {
            Task aborted = RawServer.Aborted(context);
            if (sendsHeaders)
                await RawServer.BeginAsync(context);
            _arrived.TrySetResult();
            await aborted;
            _aborted.TrySetResult();
        }
    }
}
