using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>Does to an expert what no router of ours would.</summary>
internal sealed class SessionProbe(string address, string model) : IDisposable
{
    /// <summary>Sessions that the expert has room for.</summary>
    public const int Room = 2;

    /// <summary>Bounds the wait for something that must happen.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(address);

    /// <summary>Opens a session with a tokenizer that is not the model's.</summary>
    public async Task BeRefusedAsync()
    {
        using AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call = Begin();
        Open open = Open();
        open.TokenizerFingerprint = "another";
        SessionResponse response = await SendAsync(call, new SessionRequest { Open = open });
        Assert.Equal(FailureReason.TokenizerMismatch, response.Notice.Failure.Reason);
    }

    /// <summary>Asks with the hash of other tokens.</summary>
    public async Task DisagreeAsync()
    {
        using CancellationTokenSource limit = new(Limit);
        using AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call = await OpenAsync(limit.Token);
        SessionResponse response = await SendAsync(call, new SessionRequest { Ask = new Ask { Start = Open().Tokens.Count, PrefixHash = 1 } });
        while (response.Notice is null && await call.ResponseStream.MoveNext(limit.Token))
            response = call.ResponseStream.Current;
        Assert.Equal(FailureReason.PrefixMismatch, response.Notice?.Failure.Reason);
    }

    /// <summary>Opens one session more than there is room for, which costs the idlest its place.</summary>
    public async Task EvictAsync()
    {
        using CancellationTokenSource limit = new(Limit);
        List<AsyncDuplexStreamingCall<SessionRequest, SessionResponse>> calls = [];
        while (calls.Count <= Room)
            calls.Add(await OpenAsync(limit.Token));
        foreach (AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call in calls)
            await EndAsync(call);
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>Tries until a session is granted.</summary>
    private async Task<AsyncDuplexStreamingCall<SessionRequest, SessionResponse>> OpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call = Begin();
            if ((await SendAsync(call, new SessionRequest { Open = Open() })).Opened is not null)
                return call;
            await EndAsync(call);
        }
    }

    private static async Task<SessionResponse> SendAsync(AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call, SessionRequest request)
    {
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        return call.ResponseStream.Current;
    }

    /// <summary>Ends a session in good order: streams that are torn down in numbers make a server hang up.</summary>
    private static async Task EndAsync(AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call)
    {
        await call.RequestStream.CompleteAsync();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
        }

        call.Dispose();
    }

    private AsyncDuplexStreamingCall<SessionRequest, SessionResponse> Begin() => new V1.Expert.ExpertClient(_channel).Session();

    private Open Open() => new()
    {
        ProtocolVersion = ProtocolVersion.Newest,
        Model = model,
        MaxSequenceTokens = 64,
        Tokens = { 1, 2, 3 },
    };
}
