using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client.Stricter;

/// <summary>Whatever ends a call and whenever, it ends once, on both sides, with one status.</summary>
public sealed class CallEndTests
{
    private const int CallCount = 400;
    private const int ParallelCallCount = 16;
    private const int MessageCount = 20;

    [Fact(Timeout = 60_000)]
    public async Task DuplexCalls_CancelledAnywhere_AllEndOnBothSides()
    {
        int beganCount = 0;
        int endedCount = 0;
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            Interlocked.Increment(ref beganCount);
            try
            {
                await EchoAsync(context);
            }
            finally
            {
                Interlocked.Increment(ref endedCount);
            }
        });
        ConcurrentBag<StatusCode> codes = [];
        ParallelOptions options = new() { MaxDegreeOfParallelism = ParallelCallCount, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForAsync(0, CallCount, options, async (seed, _) => codes.Add(await RunAsync(server, new Random(seed))));
        Assert.Equal(CallCount, codes.Count);
        Assert.Equal([StatusCode.OK, StatusCode.Cancelled], codes.Distinct().Order());

        // The server hears of the last cancellations a moment later; where it never does the test's own limit ends the wait.
        while (Volatile.Read(ref endedCount) < Volatile.Read(ref beganCount))
            await Task.Yield();
    }

    private static async Task<StatusCode> RunAsync(RawServer server, Random random)
    {
        int cancelAt = random.Next(2 * MessageCount);
        bool disposes = random.Next(2) == 0;
        using CancellationTokenSource cancellation = new();
        using var call = server.Invoker.CallDuplex(new CallOptions(cancellationToken: cancellation.Token));
        Task write = WriteAsync(call.RequestStream);
        Task? cancelling = null;
        try
        {
            for (int i = 0; await call.ResponseStream.MoveNext(default); i++)
            {
                if (i == cancelAt)
                    cancelling = disposes ? Task.Run(call.Dispose) : cancellation.CancelAsync();
            }
        }
        catch (RpcException exception)
        {
            Assert.Equal(exception.StatusCode, call.GetStatus().StatusCode);
        }
        catch (ObjectDisposedException) when (disposes)
        {
            // Disposed of between two reads.
        }

        await (cancelling ?? Task.CompletedTask);
        await write;
        return call.GetStatus().StatusCode;
    }

    private static async Task WriteAsync(IClientStreamWriter<Google.Protobuf.WellKnownTypes.BytesValue> writer)
    {
        try
        {
            for (int i = 0; i < MessageCount; i++)
                await writer.WriteAsync(Message(1000));

            await writer.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or ObjectDisposedException)
        {
            // The reader sees the status.
        }
    }

    private static async Task EchoAsync(HttpContext context)
    {
        await RawServer.BeginAsync(context);
        await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
