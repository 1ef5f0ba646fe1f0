using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.Clients;

/// <summary>Speaks to an expert process directly, to see what a router has left there.</summary>
internal sealed class ExpertProbe(CollmProcess expert) : IDisposable
{
    /// <summary>Bounds the wait for something that must happen.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(expert.Address);

    private V1.Expert.ExpertClient Stub => new(_channel);

    public async Task<DescribeResponse> DescribeAsync() => await Stub.DescribeAsync(new DescribeRequest());

    /// <summary>Asks until no session is open.</summary>
    public async Task WhenEmptyAsync()
    {
        using CancellationTokenSource limit = new(Limit);
        while ((await DescribeAsync()).OpenSessions > 0)
            limit.Token.ThrowIfCancellationRequested();
    }

    /// <summary>The first message that an Open is answered with.</summary>
    public async Task<SessionResponse> OpenAsync(Open open)
    {
        using AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call = Stub.Session();
        return await OpenAsync(call, open);
    }

    /// <summary>How many sequences of this length the model's KV cache takes at the same time.</summary>
    public async Task<int> CountRoomAsync(string model, int sequenceTokens)
    {
        List<AsyncDuplexStreamingCall<SessionRequest, SessionResponse>> calls = [];
        try
        {
            while (true)
            {
                calls.Add(Stub.Session());
                SessionResponse response = await OpenAsync(calls[^1], Open(model, sequenceTokens));
                if (response.Opened is null)
                    return calls.Count - 1;
            }
        }
        finally
        {
            calls.ForEach(call => call.Dispose());
        }
    }

    public static Open Open(string model, int sequenceTokens) => new()
    {
        ProtocolVersion = ProtocolVersion.Newest,
        Model = model,
        MaxSequenceTokens = sequenceTokens,
        Tokens = { 1, 2, 3 },
    };

    public void Dispose() => _channel.Dispose();

    private static async Task<SessionResponse> OpenAsync(AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call, Open open)
    {
        await call.RequestStream.WriteAsync(new SessionRequest { Open = open });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        return call.ResponseStream.Current;
    }
}
