using System.Net;
using System.Text;
using CoLlm.Grpc.Tests.Protos;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>Requests that are wrong: each gets a clean answer, none a hang, a crash or much memory.</summary>
public sealed class RefusalTests
{
    private const string Unary = "/collm.testing.Echo/Unary";

    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpcfoo")]
    [InlineData("text/plain")]
    [InlineData(null)]
    public async Task Request_OfOtherContentType_Is415(string? contentType)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        await using RawCall call = RawCall.Start(host.Http, Unary, contentType);
        call.CompleteRequests();
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await call.ResponseAsync()).StatusCode);
    }

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    public async Task Request_OfGrpcContentType_IsServed(string contentType)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        await using RawCall call = RawCall.Start(host.Http, Unary, contentType);
        await call.WriteAsync(Empty);
        call.CompleteRequests();
        Assert.Equal("0", (await call.ReadToEndAsync()).Status);
    }

    [Fact]
    public async Task Request_OverHttp11_Is426AndNamesTheVersion()
    {
        await using EchoHost host = await EchoHost.StartAsync(protocols: HttpProtocols.Http1);
        using ByteArrayContent content = new(Empty);
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        using HttpResponseMessage response = await host.Http.PostAsync(Unary, content);

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
        Assert.Contains("HTTP/1.1", response.Headers.GetValues("grpc-message").Single(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/collm.testing.Echo/Nothing")]
    [InlineData("/no.such.Service/Method")]
    public async Task Call_OfUnknownMethodOrService_IsUnimplemented(string path)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, path, Empty);
        Assert.Equal("12", reply.Status);
        Assert.True(reply.IsTrailersOnly);
        Assert.Equal(200, (int)reply.Response.StatusCode);
    }

    [Fact]
    public async Task Call_OfUnknownService_WhenIgnored_GoesOn()
    {
        await using EchoHost host = await EchoHost.StartAsync(configure: options => options.IgnoreUnknownServices = true);
        await using RawCall call = RawCall.Start(host.Http, "/no.such.Service/Method");
        call.CompleteRequests();
        Assert.Equal(HttpStatusCode.NotFound, (await call.ResponseAsync()).StatusCode);
    }

    [Fact]
    public async Task Page_BesideTheServices_KeepsItsPath()
    {
        await using EchoHost host = await EchoHost.StartAsync(map: application => application.MapPost("/v1/{name}", (string name) => name));
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/models") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage response = await host.Http.SendAsync(request);
        Assert.Equal("models", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Message_LargerThanAllowed_IsResourceExhaustedAndNamesBothNumbers()
    {
        await using EchoHost host = await EchoHost.StartAsync(configure: options => options.MaxReceiveMessageSize = 100);
        byte[] frame = RawCall.Frame(new EchoRequest { Payload = ByteString.CopyFrom(new byte[200]) });
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, frame);
        Assert.Equal("8", reply.Status);
    }

    [Fact]
    public async Task Message_OfTheDefaultLimit_IsServedAndOneByteMoreIsNot()
    {
        const int limit = 4 * 1024 * 1024;
        await using EchoHost host = await EchoHost.StartAsync(new EchoBehavior { Unary = (_, _) => Task.FromResult(new EchoReply()) });
        byte[] exact = new byte[limit];
        CodedHeader().CopyTo(exact, 0);
        Assert.Equal("0", (await RawCall.SendAsync(host.Http, Unary, RawCall.Frame(exact))).Status);
        Assert.Equal("8", (await RawCall.SendAsync(host.Http, Unary, RawCall.Frame(new byte[limit + 1]))).Status);

        static byte[] CodedHeader() => new EchoRequest { Payload = ByteString.CopyFrom(new byte[limit - 5]) }.ToByteArray()[..5];
    }

    [Fact]
    public async Task Answer_LargerThanAllowed_IsResourceExhausted()
    {
        await using EchoHost host = await EchoHost.StartAsync(configure: options => options.MaxSendMessageSize = 10);
        RawReply reply = await RawCall.SendAsync(
            host.Http, Unary, RawCall.Frame(new EchoRequest { Payload = ByteString.CopyFrom(new byte[50]) }));
        Assert.Equal("8", reply.Status);
        Assert.Empty(reply.Messages);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1, 2 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 1, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(new byte[] { })]
    public async Task Body_ThatIsNotOneMessage_IsInternal(byte[] body)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        Assert.Equal("13", (await RawCall.SendAsync(host.Http, Unary, body)).Status);
    }

    [Fact]
    public async Task Stream_TruncatedInsideAMessage_FailsAfterTheWholeOnes()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Chat", [.. Empty, 0, 0, 0, 0, 9, 1]);
        Assert.Single(reply.Messages);
        Assert.Equal("13", reply.Status);
    }

    [Fact]
    public async Task Server_AfterEveryRefusal_StillServes()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        foreach (byte[] body in new byte[][] { [], [9, 9], [0, 255, 255, 255, 255], [1, 0, 0, 0, 0], Encoding.ASCII.GetBytes("GET / HTTP/1.1") })
            Assert.NotEqual("0", (await RawCall.SendAsync(host.Http, Unary, body)).Status);

        Assert.Equal("0", (await RawCall.SendAsync(host.Http, Unary, Empty)).Status);
    }
}
