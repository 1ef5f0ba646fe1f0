using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.EndToEnd.Tests.Clients;

/// <summary>A client of a router process.</summary>
internal sealed class RouterClient(CollmProcess router, GrpcChannelOptions? options = null) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(router.Address, options ?? new GrpcChannelOptions());

    public CollmProcess Process => router;

    /// <summary>Starts an answer whose events the test reads one by one.</summary>
    public AsyncServerStreamingCall<GenerateResponse> Begin(GenerateRequest request, CancellationToken cancellationToken = default) =>
        Begin(request, null, cancellationToken);

    /// <summary>The same with headers.</summary>
    public AsyncServerStreamingCall<GenerateResponse> Begin(GenerateRequest request, Metadata? headers, CancellationToken cancellationToken) =>
        new Generation.GenerationClient(_channel).Generate(request, headers, cancellationToken: cancellationToken);

    public async Task<Answered> GenerateAsync(GenerateRequest request)
    {
        using AsyncServerStreamingCall<GenerateResponse> call = Begin(request);
        return await ReadAsync(call, new Answered());
    }

    /// <summary>Reads an answer to its end.</summary>
    public static async Task<Answered> ReadAsync(AsyncServerStreamingCall<GenerateResponse> call, Answered answer)
    {
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            answer.Add(call.ResponseStream.Current);
        return answer;
    }

    /// <summary>Reads an answer until it has so many tokens, or has ended.</summary>
    public static async Task<Answered> ReadTokensAsync(AsyncServerStreamingCall<GenerateResponse> call, int count)
    {
        var answer = new Answered();
        while (answer.Tokens.Count < count && await call.ResponseStream.MoveNext(CancellationToken.None))
            answer.Add(call.ResponseStream.Current);
        return answer;
    }

    public void Dispose() => _channel.Dispose();
}
