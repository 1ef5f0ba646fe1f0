using CoLlm.Interop.Contract;
using Grpc.Core;
using static CoLlm.Interop.Tests.Messages;

namespace CoLlm.Interop.Tests;

/// <summary>The cases of metadata, statuses, cancellation and deadlines.</summary>
internal static class StatusCases
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";
    private const string InitialValue = "test_initial_metadata_value";
    private const string StatusMessage = "test status message";
    private const string SpecialMessage = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n";

    public static async Task CustomMetadataAsync(InteropTarget target)
    {
        Metadata metadata = new() { { EchoInitial, InitialValue }, { EchoTrailing, [0xab, 0xab, 0xab] } };
        using var unary = target.Client.UnaryCallAsync(Large(), Soon(metadata));
        AssertZeros(LargeResponse, (await unary).Payload);
        AssertEchoed(await unary.ResponseHeadersAsync, unary.GetTrailers());

        using var duplex = target.Client.FullDuplexCall(Soon(metadata));
        await duplex.RequestStream.WriteAsync(Output(LargeResponse, LargeRequest));
        await duplex.RequestStream.CompleteAsync();
        AssertZeros(LargeResponse, Assert.Single(await ReadAsync(duplex.ResponseStream)).Payload);
        AssertEchoed(await duplex.ResponseHeadersAsync, duplex.GetTrailers());
    }

    public static async Task StatusCodeAndMessageAsync(InteropTarget target)
    {
        EchoStatus status = new() { Code = (int)StatusCode.Unknown, Message = StatusMessage };
        await AssertUnaryEchoesAsync(target, status);
        using var call = target.Client.FullDuplexCall(Soon());
        await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { ResponseStatus = status });
        await call.RequestStream.CompleteAsync();
        RpcException error = await AssertStatusAsync(StatusCode.Unknown, () => call.ResponseStream.MoveNext());
        Assert.Equal(StatusMessage, error.Status.Detail);
    }

    public static Task SpecialStatusMessageAsync(InteropTarget target) =>
        AssertUnaryEchoesAsync(target, new EchoStatus { Code = (int)StatusCode.Unknown, Message = SpecialMessage });

    public static Task UnimplementedMethodAsync(InteropTarget target) =>
        AssertStatusAsync(StatusCode.Unimplemented, async () => await target.Client.UnimplementedCallAsync(new Empty(), Soon()));

    public static Task UnimplementedServiceAsync(InteropTarget target) => AssertStatusAsync(
        StatusCode.Unimplemented,
        async () => await new UnimplementedService.UnimplementedServiceClient(target.Invoker).UnimplementedCallAsync(new Empty(), Soon()));

    public static async Task CancelAfterBeginAsync(InteropTarget target)
    {
        using CancellationTokenSource cancellation = new();
        using var call = target.Client.StreamingInputCall(cancellationToken: cancellation.Token);
        await cancellation.CancelAsync();
        await AssertStatusAsync(StatusCode.Cancelled, async () => await call);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    public static async Task CancelAfterFirstResponseAsync(InteropTarget target)
    {
        using CancellationTokenSource cancellation = new();
        using var call = target.Client.FullDuplexCall(cancellationToken: cancellation.Token);
        await call.RequestStream.WriteAsync(Output(31415, 27182));
        Assert.True(await call.ResponseStream.MoveNext());
        AssertZeros(31415, call.ResponseStream.Current.Payload);
        await cancellation.CancelAsync();
        await AssertStatusAsync(StatusCode.Cancelled, () => call.ResponseStream.MoveNext());
    }

    public static async Task TimeoutOnSleepingServerAsync(InteropTarget target)
    {
        using var call = target.Client.FullDuplexCall(deadline: DateTime.UtcNow.AddMilliseconds(1));
        try
        {
            await call.RequestStream.WriteAsync(new StreamingOutputCallRequest { Payload = Zeros(27182) });
        }
        catch (RpcException)
        {
            // The deadline may come before, during or after the write; the read says what the call ended with.
        }

        await AssertStatusAsync(StatusCode.DeadlineExceeded, () => call.ResponseStream.MoveNext());
    }

    private static async Task AssertUnaryEchoesAsync(InteropTarget target, EchoStatus status)
    {
        SimpleRequest request = new() { ResponseStatus = status };
        RpcException error = await AssertStatusAsync((StatusCode)status.Code, async () => await target.Client.UnaryCallAsync(request, Soon()));
        Assert.Equal(status.Message, error.Status.Detail);
    }

    private static void AssertEchoed(Metadata headers, Metadata trailers)
    {
        Assert.Equal(InitialValue, headers.GetValue(EchoInitial));
        Assert.Equal([0xab, 0xab, 0xab], trailers.GetValueBytes(EchoTrailing));
    }
}
