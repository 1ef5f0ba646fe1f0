using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>Answers that are not gRPC, and failures below it, each have the status that the gRPC specification gives them.</summary>
public sealed class StatusMappingTests
{
    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(415, StatusCode.Unknown)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    public async Task AsyncUnaryCall_HttpStatusWithoutGrpcStatus_IsMapped(int httpStatus, StatusCode expected)
    {
        await using RawServer server = await RawServer.StartAsync(context =>
        {
            context.Response.StatusCode = httpStatus;
            return Task.CompletedTask;
        });
        Status status = await StatusOf(async () => await server.Invoker.CallUnary());
        Assert.Equal(expected, status.StatusCode);
        Assert.Contains($"{httpStatus}", status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public async Task AsyncUnaryCall_StreamResetBeforeTheResponse_IsMapped(int error, StatusCode expected)
    {
        await using RawServer server = await RawServer.StartAsync(context =>
        {
            RawServer.Reset(context, error);
            return Task.CompletedTask;
        });
        Assert.Equal(expected, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Theory]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    public async Task MoveNext_StreamResetAfterAMessage_IsMapped(int error, StatusCode expected)
    {
        TaskCompletionSource received = new();
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            await RawServer.AnswerAsync(context, RawServer.Frame([]), status: null);
            await received.Task;
            RawServer.Reset(context, error);
        });
        using var call = server.Invoker.CallServerStreaming();
        Assert.True(await call.ResponseStream.MoveNext(default));
        received.SetResult();
        Assert.Equal(expected, (await StatusOf(() => call.ResponseStream.MoveNext(default))).StatusCode);
        Assert.Equal(expected, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task AsyncUnaryCall_NobodyListens_IsUnavailable()
    {
        using Socket reserved = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using GrpcChannel channel = GrpcChannel.ForAddress($"http://{reserved.LocalEndPoint}");
        Assert.Equal(StatusCode.Unavailable, (await StatusOf(async () => await channel.CreateCallInvoker().CallUnary())).StatusCode);
    }
}
