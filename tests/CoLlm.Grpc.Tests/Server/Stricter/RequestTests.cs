using System.Net;
using CoLlm.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;

namespace CoLlm.Grpc.Tests.Server.Stricter;

/// <summary>Requests and answers that are wrong, where the status says more than the official packages' does.</summary>
public sealed class RequestTests
{
    private const string Unary = "/collm.testing.Echo/Unary";

    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    [Fact]
    public async Task Request_ByGet_Is405()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        using HttpRequestMessage request = new(HttpMethod.Get, Unary) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage response = await host.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Theory]
    [InlineData(new byte[] { 2, 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 255, 255 })]
    public async Task Body_WithUnknownFlagOrAnotherMessage_IsInternal(byte[] body)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        Assert.Equal("13", (await RawCall.SendAsync(host.Http, Unary, body)).Status);
    }

    [Fact]
    public async Task Message_ThatClaimsFourGigabytes_IsRefusedFromItsHeader()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        await using RawCall call = RawCall.Start(host.Http, Unary);
        await call.TryWriteAsync(RawCall.Frame([1, 2, 3], claimedLength: uint.MaxValue));
        Assert.Equal("8", (await call.ReadToEndAsync()).Status);
    }

    [Fact]
    public async Task Encoding_Unknown_IsUnimplementedAndNamesTheKnown()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty, ("grpc-encoding", "snappy"));
        Assert.Equal("12", reply.Status);
        Assert.Contains("gzip", reply.Header("grpc-accept-encoding"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_ThatExpandsPastTheLimit_IsResourceExhausted()
    {
        await using EchoHost host = await EchoHost.StartAsync(configure: options => options.MaxReceiveMessageSize = 1000);
        EchoRequest request = new() { Payload = ByteString.CopyFrom(new byte[5000]) };
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, RawCall.Frame(CompressionTests.Gzip(request.ToByteArray()), flag: 1), ("grpc-encoding", "gzip"));
        Assert.Equal("8", reply.Status);
    }

    [Fact]
    public async Task BinaryHeader_NotBase64_IsInternalAndNamesIt()
    {
        await using EchoHost host = await StartAsync(context => new EchoReply { Index = context.RequestHeaders.Count });
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty, ("x-odd-bin", "!!"));
        Assert.Equal("13", reply.Status);
    }

    [Fact]
    public async Task BinaryHeader_OfTwoValues_IsBoth()
    {
        Metadata? seen = null;
        await using EchoHost host = await StartAsync(context =>
        {
            seen = context.RequestHeaders;
            return new EchoReply();
        });
        await RawCall.SendAsync(host.Http, Unary, Empty, ("x-two-bin", "AQ,Ag=="));
        Assert.Equal([[1], [2]], seen!.GetAll("x-two-bin").Select(entry => entry.ValueBytes));
    }

    [Fact]
    public async Task Trailer_WithCharactersNoHeaderMayHave_IsInternalAndNamesIt()
    {
        await using EchoHost host = await StartAsync(context =>
        {
            context.ResponseTrailers.Add("x-bad", "line\nbreak");
            return new EchoReply();
        });
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, Empty);
        Assert.Equal("13", reply.Status);
        Assert.Contains("x-bad", reply.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MapGrpcService_TypeWithoutGeneratedBase_IsRefused() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => EchoHost.StartAsync(map: application => application.MapGrpcService<RequestTests>()));

    private static Task<EchoHost> StartAsync(Func<ServerCallContext, EchoReply> answer) =>
        EchoHost.StartAsync(new EchoBehavior { Unary = (_, context) => Task.FromResult(answer(context)) });
}
