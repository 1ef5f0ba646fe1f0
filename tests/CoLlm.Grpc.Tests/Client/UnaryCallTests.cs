using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>One request, one response: what goes out, what comes back, and what is wrong with fewer or more.</summary>
public sealed class UnaryCallTests
{
    [Fact]
    public async Task AsyncUnaryCall_Echo_ReturnsTheMessageAndOk()
    {
        await using RawServer server = await RawServer.StartAsync(async context =>
            await RawServer.AnswerAsync(context, await RawServer.ReadAsync(context)));
        using AsyncUnaryCall<BytesValue> call = server.Invoker.CallUnary(request: Text("hello"));
        Assert.Equal("hello", (await call).Value.ToStringUtf8());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Empty(call.GetTrailers());
    }

    [Fact]
    public async Task BlockingUnaryCall_Echo_ReturnsTheMessage()
    {
        await using RawServer server = await RawServer.StartAsync(async context =>
            await RawServer.AnswerAsync(context, await RawServer.ReadAsync(context)));
        BytesValue response = await Task.Run(() => server.Invoker.BlockingUnaryCall(Unary, null, default, Text("hello")));
        Assert.Equal("hello", response.Value.ToStringUtf8());
    }

    [Fact]
    public async Task AsyncUnaryCall_Request_HasTheHeadersOfTheProtocol()
    {
        HeaderDictionary headers = [];
        string? path = null;
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            headers = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            path = context.Request.Method + " " + context.Request.Path;
            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        CallOptions options = new(headers: new Metadata { { "x-mine", "1" } }, deadline: DateTime.UtcNow.AddSeconds(100));
        await server.Invoker.CallUnary(options);
        Assert.Equal("POST /test.Echo/Unary", path);
        Assert.Equal("application/grpc", headers["content-type"].ToString());
        Assert.Equal("trailers", headers["te"].ToString());
        Assert.StartsWith("identity,gzip", headers["grpc-accept-encoding"].ToString(), StringComparison.Ordinal);
        Assert.StartsWith("grpc-dotnet", headers["user-agent"].ToString(), StringComparison.Ordinal);
        Assert.Matches("^(9[0-9]{7}u|100S)$", headers["grpc-timeout"].ToString());
        Assert.Equal("1", headers["x-mine"].ToString());
        Assert.False(headers.ContainsKey("grpc-encoding"));
    }

    [Theory]
    [InlineData("q6ur")]
    [InlineData("q6urqw==")]
    [InlineData("q6urqw")]
    public async Task GetTrailers_BinaryValue_IsReadPaddedOrNot(string encoded)
    {
        string? sent = null;
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            sent = context.Request.Headers["x-request-bin"];
            context.Response.Headers["x-response-bin"] = encoded;
            context.Response.Headers["x-text"] = "plain";
            context.Response.DeclareTrailer("x-trailer-bin");
            await RawServer.AnswerAsync(context, RawServer.Frame([]));
            context.Response.AppendTrailer("x-trailer-bin", encoded);
        });
        using AsyncUnaryCall<BytesValue> call = server.Invoker.CallUnary(new CallOptions(new Metadata { { "x-request-bin", [0xab, 0xab, 0xab, 0xab] } }));
        await call;
        Metadata headers = await call.ResponseHeadersAsync;
        byte[] first = headers.GetAll("x-response-bin").First().ValueBytes;
        Assert.Equal("q6urqw", sent!.TrimEnd('='));
        Assert.All(first, value => Assert.Equal(0xab, value));
        Assert.Equal(encoded.Length <= 4 ? 3 : 4, first.Length);
        Assert.Equal("plain", headers.GetValue("x-text"));
        Assert.Equal(first, call.GetTrailers().GetAll("x-trailer-bin").First().ValueBytes);
        Assert.DoesNotContain(headers, entry => entry.Key is "content-type" or "grpc-encoding");
    }

    [Fact]
    public async Task AsyncUnaryCall_TrailersOnly_ThrowsItsStatusMessageAndTrailers()
    {
        await using RawServer server = await RawServer.StartAsync(context =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = "5";
            context.Response.Headers["grpc-message"] = "no %E2%98%BA%0A 100% here";
            context.Response.Headers["x-reason"] = "because";
            return Task.CompletedTask;
        });
        using AsyncUnaryCall<BytesValue> call = server.Invoker.CallUnary();
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Equal("no \u263a\n 100% here", error.Status.Detail);
        Assert.Equal("because", error.Trailers.GetValue("x-reason"));
        Assert.Equal(StatusCode.NotFound, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData("7", StatusCode.PermissionDenied)]
    [InlineData("16", StatusCode.Unauthenticated)]
    public async Task AsyncUnaryCall_StatusWithoutMessage_ThrowsTheStatus(string status, StatusCode expected)
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, [], status));
        Assert.Equal(expected, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact]
    public async Task AsyncUnaryCall_MessageThenError_ThrowsTheError()
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, RawServer.Frame([]), "10"));
        Assert.Equal(StatusCode.Aborted, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact]
    public async Task AsyncUnaryCall_OkWithoutMessage_IsInternal()
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, []));
        Assert.Equal(StatusCode.Internal, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact]
    public async Task AsyncUnaryCall_TwoMessages_IsInternal()
    {
        byte[] two = [.. RawServer.Frame([]), .. RawServer.Frame([])];
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, two));
        Assert.Equal(StatusCode.Internal, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact]
    public async Task GetStatus_BeforeTheEnd_IsRefused()
    {
        TaskCompletionSource release = new();
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            await release.Task;
            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        using AsyncUnaryCall<BytesValue> call = server.Invoker.CallUnary();
        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
        release.SetResult();
        await call;
    }
}
