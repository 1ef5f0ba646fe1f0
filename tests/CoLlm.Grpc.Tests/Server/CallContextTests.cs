using CoLlm.Grpc.Tests.Protos;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>What a method sees of its call, and what of it reaches the client.</summary>
public sealed class CallContextTests
{
    private const string Unary = "/collm.testing.Echo/Unary";

    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    [Fact]
    public async Task RequestHeaders_TextAndBinary_AreSeenWithoutTheProtocolsOwn()
    {
        Metadata? seen = null;
        await using EchoHost host = await StartAsync(context => seen = context.RequestHeaders);
        await RawCall.SendAsync(
            host.Http, Unary, Empty, ("x-text", "a"), ("x-padded-bin", "AQ=="), ("x-bare-bin", "AQI"), ("grpc-timeout", "1H"));

        Assert.Equal("a", seen!.GetValue("x-text"));
        Assert.Equal([1], seen.GetValueBytes("x-padded-bin")!);
        Assert.Equal([1, 2], seen.GetValueBytes("x-bare-bin")!);
        Assert.DoesNotContain(seen, entry => entry.Key is "te" or "content-type" or "grpc-timeout" or "host" || entry.Key.StartsWith(':'));
    }

    [Fact]
    public async Task HostMethodPeer_OfLoopbackCall_AreTheWiresOwn()
    {
        (string Host, string Method, string Peer, DateTime Deadline) seen = default;
        await using EchoHost host = await StartAsync(context => seen = (context.Host, context.Method, context.Peer, context.Deadline));
        await RawCall.SendAsync(host.Http, Unary, Empty);

        Assert.Equal(host.Address.Authority, seen.Host);
        Assert.Equal(Unary, seen.Method);
        Assert.Matches("^ipv4:127\\.0\\.0\\.1:[0-9]+$", seen.Peer);
        Assert.Equal(DateTime.MaxValue, seen.Deadline);
    }

    [Fact]
    public async Task AuthContext_WithoutCertificate_IsNotAuthenticated()
    {
        bool? isAuthenticated = null;
        await using EchoHost host = await StartAsync(context => isAuthenticated = context.AuthContext.IsPeerAuthenticated);
        await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.False(isAuthenticated);
    }

    [Fact]
    public async Task GetHttpContext_InMethod_IsTheRequests()
    {
        HttpContext? seen = null;
        string? path = null;
        await using EchoHost host = await StartAsync(context => path = (seen = context.GetHttpContext()).Request.Path);
        await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal(Unary, path);
    }

    [Fact]
    public async Task ResponseTrailers_TextAndBinary_FollowTheMessage()
    {
        await using EchoHost host = await StartAsync(context =>
        {
            context.ResponseTrailers.Add("x-text", "t");
            context.ResponseTrailers.Add("x-data-bin", [1, 2]);
        });
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);

        Assert.Equal("0", reply.Status);
        Assert.Equal("t", reply.Trailer("x-text"));
        Assert.Equal("AQI", reply.Trailer("x-data-bin")!.TrimEnd('='));
    }

    [Fact]
    public async Task Status_SetByMethod_EndsTheCall()
    {
        await using EchoHost host = await StartAsync(context => context.Status = new Status(StatusCode.DataLoss, "gone"));
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal("15", reply.Status);
        Assert.Equal("gone", reply.Message);
    }

    [Fact]
    public async Task WriteResponseHeaders_BeforeTheFirstMessage_ArriveAtOnce()
    {
        TaskCompletionSource release = new();
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Chat = async (_, _, context) =>
            {
                await context.WriteResponseHeadersAsync(new Metadata { { "x-early", "1" }, { "x-early-bin", new byte[] { 7 } } });
                await release.Task;
            },
        });
        await using RawCall call = RawCall.Start(host.Http, "/collm.testing.Echo/Chat");
        HttpResponseMessage response = await call.ResponseAsync();
        release.SetResult();
        RawReply reply = await call.ReadToEndAsync();

        Assert.Equal("1", Assert.Single(response.Headers.GetValues("x-early")));
        Assert.Equal("Bw", reply.Header("x-early-bin")!.TrimEnd('='));
        Assert.Equal("0", reply.Trailer("grpc-status"));
        Assert.False(reply.IsTrailersOnly);
    }

    [Fact]
    public async Task WriteResponseHeaders_Twice_IsRefused()
    {
        Exception? second = null;
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior
        {
            Unary = async (_, context) =>
            {
                await context.WriteResponseHeadersAsync([]);
                second = await Record.ExceptionAsync(() => context.WriteResponseHeadersAsync([]));
                return new EchoReply();
            },
        });
        await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.IsType<InvalidOperationException>(second);
    }

    [Fact]
    public async Task UserState_WrittenAndRead_IsTheCallsOwn()
    {
        List<bool> found = [];
        await using EchoHost host = await StartAsync(context =>
        {
            found.Add(context.UserState.ContainsKey("key"));
            context.UserState["key"] = 1;
        });
        await RawCall.SendAsync(host.Http, Unary, Empty);
        await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal([false, false], found);
    }

    private static Task<EchoHost> StartAsync(Action<ServerCallContext> look) => EchoHost.StartAsync(new EchoBehavior
    {
        Unary = (_, context) =>
        {
            look(context);
            return Task.FromResult(new EchoReply());
        },
    });
}
