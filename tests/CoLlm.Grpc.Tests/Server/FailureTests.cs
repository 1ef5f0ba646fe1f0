using CoLlm.Grpc.Tests.Protos;
using Grpc.Core;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>How a method's failures reach the client.</summary>
public sealed class FailureTests
{
    private const string Unary = "/collm.testing.Echo/Unary";

    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    [Fact]
    public async Task RpcException_BeforeAnyMessage_IsTrailersOnlyWithItsTrailers()
    {
        await using EchoHost host = await StartAsync(_ => throw new RpcException(
            new Status(StatusCode.FailedPrecondition, "not \u263a 100%"), new Metadata { { "x-why", "because" } }));
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);

        Assert.True(reply.IsTrailersOnly);
        Assert.Equal(200, (int)reply.Response.StatusCode);
        Assert.Equal("9", reply.Status);
        Assert.Equal("not %E2%98%BA 100%25", reply.Message);
        Assert.Equal("because", reply.Header("x-why"));
        Assert.Empty(reply.Messages);
    }

    [Fact]
    public async Task RpcException_AfterAMessage_ComesInTrailers()
    {
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Expand = async (_, replies, _) =>
            {
                await replies.WriteAsync(new EchoReply { Index = 1 });
                throw new RpcException(new Status(StatusCode.Aborted, "half way"));
            },
        });
        RawReply reply = await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Expand", Empty);

        Assert.Single(reply.Messages);
        Assert.False(reply.IsTrailersOnly);
        Assert.Equal("10", reply.Trailer("grpc-status"));
        Assert.Equal("half way", reply.Trailer("grpc-message"));
    }

    [Fact]
    public async Task OtherException_WithoutDetailedErrors_IsUnknownAndTellsNothing()
    {
        await using EchoHost host = await StartAsync(_ => throw new InvalidOperationException("secret"));
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal("2", reply.Status);
        Assert.DoesNotContain("secret", reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherException_WithDetailedErrors_IsUnknownAndSaysWhat()
    {
        await using EchoHost host = await StartAsync(
            _ => throw new InvalidOperationException("outer", new ArgumentException("inner")), isDetailed: true);
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal("2", reply.Status);
        Assert.Contains("outer", reply.Message, StringComparison.Ordinal);
        Assert.Contains("inner", reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoMessage_OfUnaryMethod_IsCancelled()
    {
        await using EchoHost host = await StartAsync(_ => null!);
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal("1", reply.Status);
        Assert.Empty(reply.Messages);
    }

    [Fact]
    public async Task Method_NotOverridden_IsUnimplemented()
    {
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Unary = (request, context) => new BareEchoService().Unary(request, context),
        });
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal("12", reply.Status);
    }

    private static Task<EchoHost> StartAsync(Func<ServerCallContext, EchoReply> answer, bool isDetailed = false) => EchoHost.StartAsync(
        new EchoBehavior { Unary = (_, context) => Task.FromResult(answer(context)) },
        options => options.EnableDetailedErrors = isDetailed);

    private sealed class BareEchoService : Echo.EchoBase;
}
