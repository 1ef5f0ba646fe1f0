using System.IO.Compression;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Http;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>Bytes that are no proper message end the call with a clean status, at once, and take the stream down with them.</summary>
public sealed class MalformedResponseTests
{
    private const int Limit = 1000;

    public static TheoryData<string, byte[], string?, StatusCode> Bodies => new()
    {
        { "half a header", [0, 0, 0], null, StatusCode.Internal },
        { "no payload", RawServer.Frame([], length: 8), null, StatusCode.Internal },
        { "half a payload", RawServer.Frame([1, 2, 3], length: 8), null, StatusCode.Internal },
        { "unknown flag", RawServer.Frame([], flag: 2), null, StatusCode.Internal },
        { "compressed without encoding", RawServer.Frame(Gzip([]), flag: 1), null, StatusCode.Internal },
        { "compressed but identity", RawServer.Frame(Gzip([]), flag: 1), "identity", StatusCode.Internal },
        { "compressed but not gzip", RawServer.Frame([1, 2, 3], flag: 1), "gzip", StatusCode.Internal },
        { "an unsupported encoding", RawServer.Frame([], flag: 1), "snappy", StatusCode.Unimplemented },
        { "larger than the limit", RawServer.Frame(new byte[Limit + 1]), null, StatusCode.ResourceExhausted },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task AsyncUnaryCall_MalformedBody_HasAStatus(string body, byte[] bytes, string? encoding, StatusCode expected)
    {
        await using RawServer server = await StartAsync(context => RawServer.AnswerAsync(context, bytes, encoding: encoding));
        Status status = await StatusOf(async () => await server.Invoker.CallUnary());
        Assert.True(expected == status.StatusCode, $"{body}: {status}");
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task MoveNext_MalformedBodyAfterAMessage_HasAStatus(string body, byte[] bytes, string? encoding, StatusCode expected)
    {
        await using RawServer server = await StartAsync(context => RawServer.AnswerAsync(context, [.. RawServer.Frame([]), .. bytes], encoding: encoding));
        using var call = server.Invoker.CallServerStreaming();
        Status status = await StatusOf(async () =>
        {
            while (await call.ResponseStream.MoveNext(default))
                Assert.Empty(call.ResponseStream.Current.Value);
        });
        Assert.True(expected == status.StatusCode, $"{body}: {status}");
    }

    [Fact]
    public async Task AsyncUnaryCall_LengthBeyondTheLimit_ResetsTheStream()
    {
        TaskCompletionSource<Task> aborted = new();
        await using RawServer server = await StartAsync(async context =>
        {
            aborted.SetResult(RawServer.Aborted(context));
            await RawServer.BeginAsync(context);
            await context.Response.Body.WriteAsync(RawServer.Frame([1], length: 1 << 30));
            await context.Response.Body.FlushAsync();
            await await aborted.Task;
        });
        Assert.Equal(StatusCode.ResourceExhausted, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
        await await aborted.Task;
    }

    [Fact]
    public async Task AsyncUnaryCall_CompressedMessage_IsExpanded()
    {
        byte[] frame = RawServer.Frame(Gzip(Message(500).ToByteArray()), flag: 1);
        await using RawServer server = await StartAsync(context => RawServer.AnswerAsync(context, frame, encoding: "gzip"));
        BytesValue response = await server.Invoker.CallUnary();
        Assert.Equal(500, response.Value.Length);
    }

    [Fact]
    public async Task MoveNext_MessagesInPiecesOfOneByte_AreWhole()
    {
        byte[] bytes = [.. RawServer.Frame(Text("one").ToByteArray()), .. RawServer.Frame(Text("two").ToByteArray())];
        await using RawServer server = await StartAsync(async context =>
        {
            await RawServer.BeginAsync(context);
            foreach (byte value in bytes)
            {
                await context.Response.Body.WriteAsync(new[] { value });
                await context.Response.Body.FlushAsync();
            }

            context.Response.AppendTrailer("grpc-status", "0");
        });
        using var call = server.Invoker.CallServerStreaming();
        List<string> texts = [];
        while (await call.ResponseStream.MoveNext(default))
            texts.Add(call.ResponseStream.Current.Value.ToStringUtf8());
        Assert.Equal(["one", "two"], texts);
    }

    private static Task<RawServer> StartAsync(RequestDelegate answer) =>
        RawServer.StartAsync(answer, new GrpcChannelOptions { MaxReceiveMessageSize = Limit });

    internal static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
