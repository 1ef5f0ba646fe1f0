using CoLlm.Interop.Contract;
using Grpc.Core;
using static CoLlm.Interop.Tests.Messages;

namespace CoLlm.Interop.Tests;

/// <summary>
/// The cases of compression, either way. Where a peer's library keeps from its server how a request came, the refusal of a plain request
/// is left out; where it does not compress responses, they must come plain.
/// </summary>
internal static class CompressionCases
{
    private static readonly BoolValue Yes = new() { Value = true };
    private static readonly BoolValue No = new() { Value = false };
    private static readonly WriteOptions Plain = new(WriteFlags.NoCompress);

    private static Metadata Gzip => new() { { "grpc-internal-encoding-request", "gzip" } };

    public static async Task ClientUnaryAsync(InteropTarget target)
    {
        SimpleRequest compressed = Large();
        compressed.ExpectCompressed = Yes;
        if (target.ChecksRequestCompression)
            await AssertStatusAsync(StatusCode.InvalidArgument, async () => await target.Client.UnaryCallAsync(compressed, Soon()));

        AssertZeros(LargeResponse, (await target.Client.UnaryCallAsync(compressed, Soon(Gzip))).Payload);
        SimpleRequest plain = Large();
        plain.ExpectCompressed = No;
        AssertZeros(LargeResponse, (await target.Client.UnaryCallAsync(plain, Soon(Gzip, Plain))).Payload);
    }

    public static async Task ClientStreamingAsync(InteropTarget target)
    {
        StreamingInputCallRequest compressed = new() { Payload = Zeros(27182), ExpectCompressed = Yes };
        if (target.ChecksRequestCompression)
        {
            await AssertStatusAsync(StatusCode.InvalidArgument, async () =>
            {
                using var probe = target.Client.StreamingInputCall(Soon());
                await probe.RequestStream.WriteAsync(compressed);
                await probe.RequestStream.CompleteAsync();
                await probe;
            });
        }

        using var call = target.Client.StreamingInputCall(Soon(Gzip));
        await call.RequestStream.WriteAsync(compressed);
        call.RequestStream.WriteOptions = Plain;
        await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Zeros(45904), ExpectCompressed = No });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(73086, (await call).AggregatedPayloadSize);
    }

    public static async Task ServerUnaryAsync(InteropTarget target)
    {
        foreach (BoolValue wanted in new[] { Yes, No })
        {
            target.Watch.Clear();
            SimpleRequest request = Large();
            request.ResponseCompressed = wanted;
            AssertZeros(LargeResponse, (await target.Client.UnaryCallAsync(request, Soon())).Payload);
            Assert.Equal([wanted.Value && target.CompressesResponses], target.Watch.Flags);
        }
    }

    public static async Task ServerStreamingAsync(InteropTarget target)
    {
        StreamingOutputCallRequest request = new()
        {
            ResponseParameters =
            {
                new ResponseParameters { Size = 31415, Compressed = Yes },
                new ResponseParameters { Size = 92653, Compressed = No },
            },
        };
        using var call = target.Client.StreamingOutputCall(request, Soon());
        List<StreamingOutputCallResponse> responses = await ReadAsync(call.ResponseStream);
        Assert.Equal([31415, 92653], responses.Select(response => response.Payload.Body.Length));
        Assert.Equal([target.CompressesResponses, false], target.Watch.Flags);
    }
}
