using Grpc.Core;
using Grpc.Net.Client;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client.Stricter;

/// <summary>Answers that are wrong, where the status is the specification's and not the official packages' own.</summary>
public sealed class AnswerTests
{
    private const int Limit = 1000;

    public static TheoryData<string, byte[], string?, StatusCode> Bodies => new()
    {
        { "not the message", RawServer.Frame([0x0a, 0x7f, 1]), null, StatusCode.Internal },
        { "larger than the limit when expanded", RawServer.Frame(MalformedResponseTests.Gzip(new byte[Limit + 1]), flag: 1), "gzip", StatusCode.ResourceExhausted },
        { "a length beyond every limit", RawServer.Frame([], length: uint.MaxValue), null, StatusCode.ResourceExhausted },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task AsyncUnaryCall_MalformedBody_HasAStatus(string body, byte[] bytes, string? encoding, StatusCode expected)
    {
        await using RawServer server = await StartAsync(bytes, encoding);
        Status status = await StatusOf(async () => await server.Invoker.CallUnary());
        Assert.True(expected == status.StatusCode, $"{body}: {status}");
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task MoveNext_MalformedBodyAfterAMessage_HasAStatus(string body, byte[] bytes, string? encoding, StatusCode expected)
    {
        await using RawServer server = await StartAsync([.. RawServer.Frame([]), .. bytes], encoding);
        using var call = server.Invoker.CallServerStreaming();
        Assert.True(await call.ResponseStream.MoveNext(default));
        Status status = await StatusOf(() => call.ResponseStream.MoveNext(default));
        Assert.True(expected == status.StatusCode, $"{body}: {status}");
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("application/grpcx")]
    [InlineData(null)]
    public async Task AsyncUnaryCall_ContentTypeIsNotGrpc_IsUnknown(string? contentType)
    {
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            context.Response.ContentType = contentType;
            await context.Response.Body.WriteAsync(RawServer.Frame([]));
        });
        Assert.Equal(StatusCode.Unknown, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact]
    public async Task AsyncUnaryCall_NoGrpcStatusAtTheEnd_IsUnknown()
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, RawServer.Frame([]), status: null));
        Assert.Equal(StatusCode.Unknown, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Theory]
    [InlineData("17")]
    [InlineData("99999999999")]
    [InlineData("x")]
    public async Task AsyncUnaryCall_StatusThatIsNone_IsUnknown(string status)
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, [], status));
        Assert.Equal(StatusCode.Unknown, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact]
    public async Task ResponseHeaders_BinaryHeaderOfTwoValues_AreBoth()
    {
        await using RawServer server = await RawServer.StartAsync(context =>
        {
            context.Response.Headers["x-two-bin"] = "q6ur,q6urqw";
            return RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        using var call = server.Invoker.CallUnary();
        Metadata headers = await call.ResponseHeadersAsync;
        Assert.Equal([3, 4], headers.GetAll("x-two-bin").Select(entry => entry.ValueBytes.Length));
    }

    [Fact]
    public async Task UnaryCall_EmptyMessage_StaysPlain()
    {
        byte[] body = [];
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            body = await RawServer.ReadAsync(context);
            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        await server.Invoker.CallUnary(new CallOptions(new Metadata { { "grpc-internal-encoding-request", "gzip" } }), Message(0));
        Assert.Equal(RawServer.Frame([]), body);
    }

    [Fact]
    public async Task UnaryCall_UnknownCompression_IsRefusedBeforeItIsSent()
    {
        bool isReached = false;
        await using RawServer server = await RawServer.StartAsync(context =>
        {
            isReached = true;
            return RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        CallOptions options = new(new Metadata { { "grpc-internal-encoding-request", "snappy" } });
        Status status = await StatusOf(async () => await server.Invoker.CallUnary(options));
        Assert.Equal(StatusCode.Internal, status.StatusCode);
        Assert.Contains("snappy", status.Detail, StringComparison.Ordinal);
        Assert.False(isReached);
    }

    [Fact]
    public async Task WriteAsync_ServerRefusedTheCall_ThrowsItsStatus()
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, [], "9"));
        using var call = server.Invoker.CallClientStreaming();
        Status status = await StatusOf(async () =>
        {
            while (true)
                await call.RequestStream.WriteAsync(Message(100_000));
        });
        Assert.Equal(StatusCode.FailedPrecondition, status.StatusCode);
    }

    private static Task<RawServer> StartAsync(byte[] body, string? encoding) => RawServer.StartAsync(
        context => RawServer.AnswerAsync(context, body, encoding: encoding), new GrpcChannelOptions { MaxReceiveMessageSize = Limit });
}
