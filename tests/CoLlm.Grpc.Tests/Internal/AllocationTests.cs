using System.Buffers;
using System.IO.Pipelines;
using CoLlm.Grpc.Tests.Protos;
using CoLlm.Grpc.Tests.Server;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Grpc.Tests.Internal;

/// <summary>Keeps tests that count the process's allocations from running beside others.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection;

/// <summary>What a message costs on a stream in steady state, over what the transport below costs.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    /// <summary>A 64-byte request as an object: message, byte string and its array, and the answer's message around the same bytes.</summary>
    private const int MessageBytes = 220;

    /// <summary>The tasks that a read, and now and then a write, of the stream's interfaces has to return when it must wait.</summary>
    private const int WaitingBytes = 280;

    private const int MostRounds = 20;
    private const int WarmUpCount = 1000;
    private const int Count = 1000;

    [Fact]
    public async Task Chat_SteadyState_AllocatesTheMessagesAndTheTasksOfTheInterface()
    {
        await using EchoHost host = await EchoHost.StartAsync(map: application => application.MapPost("/raw", EchoBytesAsync));
        List<double> costs = [];

        // How often the transport has to wait, and then allocates, is chance, and so is what the runtime's own threads do: both fall on either side
        // of a round, and what every message costs is in the least of the differences too.
        do
        {
            double raw = await BytesPerMessageAsync(host, "/raw");
            costs.Add(await BytesPerMessageAsync(host, "/collm.testing.Echo/Chat") - raw);
        }
        while (costs[^1] > MessageBytes + WaitingBytes && costs.Count < MostRounds);

        Assert.True(costs[^1] <= MessageBytes + WaitingBytes, $"{MessageBytes + WaitingBytes} bytes at most: {string.Join(", ", costs)}");
    }

    private static async Task<double> BytesPerMessageAsync(EchoHost host, string path)
    {
        byte[] frame = RawCall.Frame(new EchoRequest { Payload = ByteString.CopyFrom(new byte[64]) });
        await using RawCall call = RawCall.Start(host.Http, path);
        await ExchangeAsync(call, frame, WarmUpCount);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await ExchangeAsync(call, frame, Count);
        long after = GC.GetTotalAllocatedBytes(precise: true);
        call.CompleteRequests();
        await call.ReadToEndAsync();
        return (after - before) / (double)Count;
    }

    private static async Task ExchangeAsync(RawCall call, byte[] frame, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await call.WriteAsync(frame);
            Assert.NotNull(await call.ReadAsync());
        }
    }

    private static async Task EchoBytesAsync(HttpContext context)
    {
        await context.Response.StartAsync();
        while (true)
        {
            ReadResult read = await context.Request.BodyReader.ReadAsync();
            foreach (ReadOnlyMemory<byte> segment in read.Buffer)
                context.Response.BodyWriter.Write(segment.Span);

            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            await context.Response.BodyWriter.FlushAsync();
            if (read.IsCompleted)
                return;
        }
    }
}
