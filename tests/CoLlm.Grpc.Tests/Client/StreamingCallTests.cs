using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>Streams either way: order, half-close from either side, one read and one write at a time, and no buffering without bound.</summary>
public sealed class StreamingCallTests
{
    [Fact]
    public async Task DuplexCall_PingPong_AlternatesAndEnds()
    {
        await using RawServer server = await RawServer.StartAsync(EchoBytesAsync);
        using var call = server.Invoker.CallDuplex();
        for (int i = 0; i < 100; i++)
        {
            await call.RequestStream.WriteAsync(Text($"message {i}"));
            Assert.True(await call.ResponseStream.MoveNext(default));
            Assert.Equal($"message {i}", call.ResponseStream.Current.Value.ToStringUtf8());
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(default));
        Assert.False(await call.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task DuplexCall_LargeMessages_ComeBackWhole()
    {
        await using RawServer server = await RawServer.StartAsync(EchoBytesAsync);
        using var call = server.Invoker.CallDuplex();
        byte[] body = new byte[3_000_000];
        new Random(1).NextBytes(body);
        BytesValue large = new() { Value = ByteString.CopyFrom(body) };
        Task write = WriteAllAsync(call.RequestStream, large, 3);
        int count = 0;
        while (await call.ResponseStream.MoveNext(default))
        {
            Assert.Equal(large, call.ResponseStream.Current);
            count++;
        }

        await write;
        Assert.Equal(3, count);
    }

    [Fact]
    public async Task ClientStreamingCall_HalfCloseWithoutMessages_IsAnswered()
    {
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            int length = (await RawServer.ReadAsync(context)).Length;
            await RawServer.AnswerAsync(context, RawServer.Frame(Text($"{length}").ToByteArray()));
        });
        using var call = server.Invoker.CallClientStreaming();
        await call.RequestStream.CompleteAsync();
        Assert.Equal("0", (await call).Value.ToStringUtf8());
    }

    [Fact]
    public async Task ClientStreamingCall_ServerAnswersBeforeTheHalfClose_ResponseIsHere()
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, RawServer.Frame([])));
        using var call = server.Invoker.CallClientStreaming();
        await call;
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(Message()));
        Assert.Equal(StatusCode.OK, error.StatusCode);
    }

    [Fact]
    public async Task WriteAsync_ServerReadsSlowly_NeverRunsFartherAheadThanTheWindows()
    {
        const int MessageLength = 256 * 1024;
        const int Windows = 4 * 1024 * 1024;
        int writtenCount = 0;
        long farthestAhead = 0;
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            byte[] buffer = new byte[MessageLength];
            long readCount = 0;
            for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0; readCount += count)
                farthestAhead = Math.Max(farthestAhead, ((long)Volatile.Read(ref writtenCount) * MessageLength) - readCount);

            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        using var call = server.Invoker.CallClientStreaming();
        BytesValue message = Message(MessageLength);
        for (; writtenCount < 100; writtenCount++)
            await call.RequestStream.WriteAsync(message);
        await call.RequestStream.CompleteAsync();
        await call;
        Assert.InRange(farthestAhead, 0, Windows);
    }

    [Fact]
    public async Task MoveNext_CalledSlowly_LetsTheServerRunAheadNoFartherThanTheWindow()
    {
        const int MessageLength = 256 * 1024;
        const int Window = 20 * 1024 * 1024;
        const int Count = 200;
        int writtenCount = 0;
        byte[] frame = RawServer.Frame(Message(MessageLength).ToByteArray());
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            await RawServer.BeginAsync(context);
            for (; writtenCount < Count; Interlocked.Increment(ref writtenCount))
            {
                await context.Response.Body.WriteAsync(frame);
                await context.Response.Body.FlushAsync();
            }

            context.Response.AppendTrailer("grpc-status", "0");
        });
        using var call = server.Invoker.CallServerStreaming();
        long farthestAhead = 0;
        for (int readCount = 0; await call.ResponseStream.MoveNext(default); readCount++)
            farthestAhead = Math.Max(farthestAhead, (long)(Volatile.Read(ref writtenCount) - readCount) * MessageLength);

        Assert.Equal(Count, writtenCount);
        Assert.InRange(farthestAhead, 0, Window);
    }

    [Fact]
    public async Task Call_DisposedOf_TakesNoMoreMessages()
    {
        await using RawServer server = await RawServer.StartAsync(EchoBytesAsync);
        using var call = server.Invoker.CallDuplex();
        call.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.RequestStream.WriteAsync(Message()));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.RequestStream.CompleteAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => call.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task WriteAsync_WhileAnotherIsPending_IsRefused()
    {
        TaskCompletionSource read = new();
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            await read.Task;
            await RawServer.ReadAsync(context);
            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        using var call = server.Invoker.CallClientStreaming();
        Task beyondTheWindow = call.RequestStream.WriteAsync(Message(8 * 1024 * 1024));
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(Message()));
        await Assert.ThrowsAsync<InvalidOperationException>(call.RequestStream.CompleteAsync);
        read.SetResult();
        await beyondTheWindow;
        await call.RequestStream.CompleteAsync();
        await call;
    }

    [Fact]
    public async Task WriteAsync_AfterComplete_IsRefused()
    {
        await using RawServer server = await RawServer.StartAsync(EchoBytesAsync);
        using var call = server.Invoker.CallDuplex();
        await call.RequestStream.CompleteAsync();
        await call.RequestStream.CompleteAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(Message()));
    }

    [Fact]
    public async Task WriteAsync_MessageBeyondTheSendLimit_IsResourceExhaustedAndTheCallGoesOn()
    {
        await using RawServer server = await RawServer.StartAsync(EchoBytesAsync, new GrpcChannelOptions { MaxSendMessageSize = 100 });
        using var call = server.Invoker.CallDuplex();
        Assert.Equal(StatusCode.ResourceExhausted, (await StatusOf(() => call.RequestStream.WriteAsync(Message(100)))).StatusCode);
        await call.RequestStream.WriteAsync(Message(90));
        Assert.True(await call.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.ResourceExhausted, (await StatusOf(async () => await server.Invoker.CallUnary(request: Message(100)))).StatusCode);
    }

    [Fact]
    public async Task MoveNext_WhileAnotherIsPending_IsRefused()
    {
        TaskCompletionSource release = new();
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            await RawServer.BeginAsync(context);
            await release.Task;
            context.Response.AppendTrailer("grpc-status", "0");
        });
        using var call = server.Invoker.CallServerStreaming();
        Task<bool> first = call.ResponseStream.MoveNext(default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.ResponseStream.MoveNext(default));
        release.SetResult();
        Assert.False(await first);
    }

    [Fact]
    public async Task ResponseHeadersAsync_ServerSendsThemFirst_AreHereBeforeAnyMessage()
    {
        TaskCompletionSource release = new();
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            context.Response.Headers["x-first"] = "yes";
            await RawServer.BeginAsync(context);
            await release.Task;
        });
        using var call = server.Invoker.CallDuplex();
        Assert.Equal("yes", (await call.ResponseHeadersAsync).GetValue("x-first"));
        release.SetResult();
    }

    private static async Task WriteAllAsync(IClientStreamWriter<BytesValue> writer, BytesValue message, int count)
    {
        for (int i = 0; i < count; i++)
            await writer.WriteAsync(message);
        await writer.CompleteAsync();
    }

    private static async Task EchoBytesAsync(HttpContext context)
    {
        await RawServer.BeginAsync(context);
        byte[] buffer = new byte[16384];
        for (int count; (count = await context.Request.Body.ReadAsync(buffer)) > 0;)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, count));
            await context.Response.Body.FlushAsync();
        }

        context.Response.AppendTrailer("grpc-status", "0");
    }
}
