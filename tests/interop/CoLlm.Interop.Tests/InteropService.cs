using CoLlm.Interop.Contract;
using Google.Protobuf;
using Grpc.Core;

namespace CoLlm.Interop.Tests;

/// <summary>The interop service as our server offers it.</summary>
internal sealed class InteropService : TestService.TestServiceBase
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";

    public override Task<Empty> EmptyCall(Empty request, ServerCallContext context)
    {
        // What the official server makes of an empty message when it compresses it, some clients cannot expand.
        context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        return Task.FromResult(new Empty());
    }

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        ThrowIfStatusAsked(request.ResponseStatus);
        ExpectCompressed(request.ExpectCompressed, context);
        Compress(request.ResponseCompressed, options => context.WriteOptions = options);
        return new SimpleResponse { Payload = Zeros(request.ResponseSize) };
    }

    public override async Task<StreamingInputCallResponse> StreamingInputCall(
        IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        int total = 0;
        await foreach (StreamingInputCallRequest request in requestStream.ReadAllAsync())
        {
            ExpectCompressed(request.ExpectCompressed, context);
            total += request.Payload?.Body.Length ?? 0;
        }

        return new StreamingInputCallResponse { AggregatedPayloadSize = total };
    }

    public override Task StreamingOutputCall(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context) =>
        RespondAsync(request, responseStream, context);

    public override async Task FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream,
        IServerStreamWriter<StreamingOutputCallResponse> responseStream,
        ServerCallContext context)
    {
        await EchoMetadataAsync(context);
        await foreach (StreamingOutputCallRequest request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            ThrowIfStatusAsked(request.ResponseStatus);
            await RespondAsync(request, responseStream, context);
        }
    }

    private static async Task RespondAsync(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        foreach (ResponseParameters parameters in request.ResponseParameters)
        {
            if (parameters.IntervalUs > 0)
                await Task.Delay(TimeSpan.FromMicroseconds(parameters.IntervalUs), context.CancellationToken);

            Compress(parameters.Compressed, options => responseStream.WriteOptions = options);
            await responseStream.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(parameters.Size) });
        }
    }

    private static async Task EchoMetadataAsync(ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue(EchoInitial) is { } initial)
            await context.WriteResponseHeadersAsync(new Metadata { { EchoInitial, initial } });
        if (context.RequestHeaders.GetValueBytes(EchoTrailing) is { } trailing)
            context.ResponseTrailers.Add(EchoTrailing, trailing);
    }

    private static void ThrowIfStatusAsked(EchoStatus? status)
    {
        if (status is { Code: not 0 })
            throw new RpcException(new Status((StatusCode)status.Code, status.Message));
    }

    private static void ExpectCompressed(BoolValue? expected, ServerCallContext context)
    {
        bool isCompressed = context.GetHttpContext().Request.Headers["grpc-encoding"].ToString() is not ("" or "identity");
        if (expected is { Value: true } && !isCompressed)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The message was to be compressed and was not."));
    }

    /// <summary>The server compresses by default; a message that nobody asked to have compressed goes plain.</summary>
    private static void Compress(BoolValue? asked, Action<WriteOptions> set) =>
        set(asked is { Value: true } ? WriteOptions.Default : new WriteOptions(WriteFlags.NoCompress));

    private static Payload Zeros(int size) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };
}
