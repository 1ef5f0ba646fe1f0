using CoLlm.Grpc.Tests.Protos;
using Google.Protobuf;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>The four call shapes, seen from the wire.</summary>
public sealed class CallShapeTests
{
    private const string Package = "/collm.testing.Echo/";

    private static byte[] Request(string payload, int repeat = 0) =>
        RawCall.Frame(new EchoRequest { Payload = ByteString.CopyFromUtf8(payload), Repeat = repeat });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unary_OneRequest_AnswersOnceWithStatusInTrailers(bool isUnixSocket)
    {
        await using EchoHost host = await EchoHost.StartAsync(isUnixSocket: isUnixSocket);
        RawReply reply = await RawCall.SendAsync(host.Http, Package + "Unary", Request("hello"));

        Assert.Equal("hello", Assert.Single(reply.Messages).Parse<EchoReply>().Payload.ToStringUtf8());
        Assert.Equal("0", reply.Status);
        Assert.False(reply.IsTrailersOnly);
        Assert.Equal("application/grpc", reply.Response.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task Collect_ManyRequests_AnswersOnceAfterTheLast()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Package + "Collect", [.. Request("a"), .. Request("b"), .. Request("c")]);

        EchoReply message = Assert.Single(reply.Messages).Parse<EchoReply>();
        Assert.Equal("abc", message.Payload.ToStringUtf8());
        Assert.Equal(3, message.Index);
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Expand_OneRequest_StreamsEveryAnswerInOrder()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Package + "Expand", Request("x", repeat: 100));

        Assert.Equal(Enumerable.Range(0, 100), reply.Messages.Select(message => message.Parse<EchoReply>().Index));
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Chat_OneRequestAtATime_AnswersEachBeforeTheNextIsSent()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        await using RawCall call = RawCall.Start(host.Http, Package + "Chat");
        for (int i = 0; i < 20; i++)
        {
            await call.WriteAsync(Request($"{i}"));
            RawMessage? message = await call.ReadAsync();
            Assert.Equal($"{i}", message!.Parse<EchoReply>().Payload.ToStringUtf8());
        }

        call.CompleteRequests();
        RawReply reply = await call.ReadToEndAsync();
        Assert.Empty(reply.Messages);
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Chat_NoRequest_AnswersNothingAndEndsWithOk()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Package + "Chat", []);

        Assert.Empty(reply.Messages);
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Chat_MethodReturnsBeforeRequestsEnd_StatusComesWhileTheRequestIsOpen()
    {
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Chat = async (requests, replies, _) =>
            {
                await requests.MoveNext(CancellationToken.None);
                await replies.WriteAsync(new EchoReply { Index = 7 });
            },
        });
        await using RawCall call = RawCall.Start(host.Http, Package + "Chat");
        await call.TryWriteAsync([.. Request("first"), .. Request("never read")]);

        RawReply reply = await call.ReadToEndAsync();
        Assert.Equal(7, Assert.Single(reply.Messages).Parse<EchoReply>().Index);
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Chat_AnswersAfterRequestsEnd_AllArrive()
    {
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Chat = async (requests, replies, _) =>
            {
                int count = 0;
                while (await requests.MoveNext(CancellationToken.None))
                    count++;

                for (int i = 0; i < count; i++)
                    await replies.WriteAsync(new EchoReply { Index = i });
            },
        });
        RawReply reply = await RawCall.SendAsync(host.Http, Package + "Chat", [.. Request("a"), .. Request("b")]);

        Assert.Equal([0, 1], reply.Messages.Select(message => message.Parse<EchoReply>().Index));
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Unary_LargeMessageBothWays_ArrivesWhole()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        byte[] payload = new byte[4_000_000];
        new Random(1).NextBytes(payload);
        RawReply reply = await RawCall.SendAsync(
            host.Http, Package + "Unary", RawCall.Frame(new EchoRequest { Payload = ByteString.CopyFrom(payload) }));

        Assert.Equal("0", reply.Status);
        Assert.Equal(payload, Assert.Single(reply.Messages).Parse<EchoReply>().Payload.ToByteArray());
    }
}
