using CoLlm.Interop.Contract;
using Grpc.Core;
using static CoLlm.Interop.Tests.Messages;

namespace CoLlm.Interop.Tests;

/// <summary>The cases of messages alone: one or many, small or large, none.</summary>
internal static class PlainCases
{
    public static async Task EmptyUnaryAsync(InteropTarget target) =>
        Assert.Equal(new Empty(), await target.Client.EmptyCallAsync(new Empty(), Soon()));

    public static async Task LargeUnaryAsync(InteropTarget target) =>
        AssertZeros(LargeResponse, (await target.Client.UnaryCallAsync(Large(), Soon())).Payload);

    public static async Task ClientStreamingAsync(InteropTarget target)
    {
        using var call = target.Client.StreamingInputCall(Soon());
        foreach (int size in RequestSizes)
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(size) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(RequestSizes.Sum(), (await call).AggregatedPayloadSize);
    }

    public static async Task ServerStreamingAsync(InteropTarget target)
    {
        StreamingOutputCallRequest request = new();
        request.ResponseParameters.AddRange(ResponseSizes.Select(size => new ResponseParameters { Size = size }));
        using var call = target.Client.StreamingOutputCall(request, Soon());
        List<StreamingOutputCallResponse> responses = await ReadAsync(call.ResponseStream);
        Assert.Equal(ResponseSizes, responses.Select(response => response.Payload.Body.Length));
    }

    public static async Task PingPongAsync(InteropTarget target)
    {
        using var call = target.Client.FullDuplexCall(Soon());
        foreach ((int request, int response) in RequestSizes.Zip(ResponseSizes))
        {
            await call.RequestStream.WriteAsync(Output(response, request));
            Assert.True(await call.ResponseStream.MoveNext());
            AssertZeros(response, call.ResponseStream.Current.Payload);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    public static async Task EmptyStreamAsync(InteropTarget target)
    {
        using var call = target.Client.FullDuplexCall(Soon());
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }
}
