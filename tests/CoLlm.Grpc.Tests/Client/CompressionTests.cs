using Grpc.Core;
using Microsoft.AspNetCore.Http;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>Requests are compressed where the metadata asks for it, message by message, and the wire says so.</summary>
public sealed class CompressionTests
{
    private static readonly Metadata AskForGzip = new() { { "grpc-internal-encoding-request", "gzip" } };

    [Fact]
    public async Task UnaryCall_GzipAskedFor_SendsACompressedMessage()
    {
        Received received = new();
        await using RawServer server = await RawServer.StartAsync(received.TakeAsync);
        await server.Invoker.CallUnary(new CallOptions(AskForGzip), Message(10_000));
        Assert.Equal("gzip", received.Headers["grpc-encoding"].ToString());
        Assert.False(received.Headers.ContainsKey("grpc-internal-encoding-request"));
        Assert.Equal([true], received.Flags);
        Assert.InRange(received.Length, 1, 1000);
    }

    [Fact]
    public async Task UnaryCall_NoCompressFlag_SendsThePlainMessage()
    {
        Received received = new();
        await using RawServer server = await RawServer.StartAsync(received.TakeAsync);
        await server.Invoker.CallUnary(new CallOptions(AskForGzip, writeOptions: new WriteOptions(WriteFlags.NoCompress)), Message(10_000));
        Assert.Equal([false], received.Flags);
    }

    [Fact]
    public async Task ClientStreamingCall_FlagsPerMessage_CompressEachAsAsked()
    {
        Received received = new();
        await using RawServer server = await RawServer.StartAsync(received.TakeAsync);
        using var call = server.Invoker.CallClientStreaming(new CallOptions(AskForGzip));
        await call.RequestStream.WriteAsync(Message(1000));
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        await call.RequestStream.WriteAsync(Message(1000));
        call.RequestStream.WriteOptions = null;
        await call.RequestStream.WriteAsync(Message(1000));
        await call.RequestStream.CompleteAsync();
        await call;
        Assert.Equal([true, false, true], received.Flags);
    }

    [Fact]
    public async Task UnaryCall_CompressedResponseOfNoBytes_IsTheEmptyMessage()
    {
        await using RawServer server = await RawServer.StartAsync(
            context => RawServer.AnswerAsync(context, RawServer.Frame([], flag: 1), encoding: "gzip"));
        Assert.Empty((await server.Invoker.CallUnary()).Value);
    }

    /// <summary>The headers and frames of one request.</summary>
    private sealed class Received
    {
        public HeaderDictionary Headers { get; private set; } = [];

        public List<bool> Flags { get; } = [];

        public int Length { get; private set; }

        public async Task TakeAsync(HttpContext context)
        {
            Headers = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            byte[] body = await RawServer.ReadAsync(context);
            Length = body.Length;
            for (int at = 0; at < body.Length; at += 5 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1)))
                Flags.Add(body[at] == 1);

            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        }
    }
}
