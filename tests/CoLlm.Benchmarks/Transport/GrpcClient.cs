using CoLlm.Interop.Contract;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Transport;

/// <summary>Our gRPC client with the generated stubs, as any service here uses it.</summary>
internal sealed class GrpcClient(GrpcChannel channel, Ping ping) : ITransportClient
{
    private readonly PingPong.PingPongClient _client = new(channel);
    private AsyncDuplexStreamingCall<Ping, Ping>? _call;

    public async Task OpenAsync()
    {
        _call = _client.Stream();
        await ExchangeAsync();
    }

    public async ValueTask ExchangeAsync()
    {
        await _call!.RequestStream.WriteAsync(ping);
        if (!await _call.ResponseStream.MoveNext(CancellationToken.None) || _call.ResponseStream.Current.Body.Length != ping.Body.Length)
            throw new InvalidDataException("The answer is not the message that was sent.");
    }

    public async Task CallAsync()
    {
        if ((await _client.OnceAsync(ping)).Body.Length != ping.Body.Length)
            throw new InvalidDataException("The answer is not the message that was sent.");
    }
}
