using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Expert.Tests;

/// <summary>One session stream with a memory of its prefix, for tests to speak the protocol well or badly.</summary>
internal sealed class SessionClient(ExpertUnderTest expert, CancellationToken cancellationToken = default) : IDisposable
{
    private readonly AsyncDuplexStreamingCall<SessionRequest, SessionResponse> _call = expert.Client.Session(cancellationToken: cancellationToken);

    public List<int> Tokens { get; } = [];

    public int Epoch { get; private set; }

    /// <summary>Tokens the expert has been sent.</summary>
    public int SentLength { get; private set; }

    public PrefixHash Hash => PrefixHash.Of(Tokens.ToArray());

    public Task SendAsync(SessionRequest request) => _call.RequestStream.WriteAsync(request);

    public async Task<SessionResponse?> ReceiveAsync() =>
        await _call.ResponseStream.MoveNext(CancellationToken.None) ? _call.ResponseStream.Current.Clone() : null;

    /// <summary>Skips credit and returns what comes next.</summary>
    public async Task<SessionResponse?> ReceivePastAppliedAsync()
    {
        SessionResponse? response;
        do
            response = await ReceiveAsync();
        while (response?.Applied is not null);
        return response;
    }

    public async Task<Opened> OpenAsync(int[] prefix, int maxSequenceTokens = 128, Action<Open>? change = null)
    {
        Open open = new() { ProtocolVersion = 1, MaxSequenceTokens = maxSequenceTokens, Tokens = { prefix } };
        change?.Invoke(open);
        Epoch = open.Epoch;
        Tokens.AddRange(prefix);
        SentLength = prefix.Length;
        await SendAsync(new SessionRequest { Open = open });
        SessionResponse? response = await ReceiveAsync();
        Assert.True(response?.Opened is not null, response?.ToString());
        return response!.Opened;
    }

    public async Task<Notice> OpenRefusedAsync(Action<Open> change, int[]? prefix = null)
    {
        Open open = new() { ProtocolVersion = 1, MaxSequenceTokens = 64, Tokens = { prefix ?? [1, 2, 3] } };
        change(open);
        await SendAsync(new SessionRequest { Open = open });
        SessionResponse? response = await ReceiveAsync();
        Assert.True(response?.Notice is { EndsSession: true }, response?.ToString());
        Assert.Null(await ReceiveAsync());
        return response!.Notice;
    }

    public Task AppendAsync()
    {
        Append append = new() { Epoch = Epoch, Start = SentLength, Tokens = { Tokens.Skip(SentLength) } };
        SentLength = Tokens.Count;
        return SendAsync(new SessionRequest { Append = append });
    }

    public async Task<List<Answer>> AskAsync(int[]? positions = null, Action<Ask>? change = null)
    {
        Ask ask = new() { Epoch = Epoch, Start = SentLength, Tokens = { Tokens.Skip(SentLength) }, PrefixHash = Hash.Value, Positions = { positions ?? [] } };
        change?.Invoke(ask);
        SentLength = Tokens.Count;
        await SendAsync(new SessionRequest { Ask = ask });
        List<Answer> answers = [];
        for (int i = 0; i < Math.Max(1, ask.Positions.Count); i++)
        {
            SessionResponse? response = await ReceivePastAppliedAsync();
            Assert.True(response?.Answer is not null, response?.ToString());
            Assert.Equal(Epoch, response!.Answer.Epoch);
            answers.Add(response.Answer);
        }

        return answers;
    }

    public Task TruncateAsync(int position)
    {
        Tokens.RemoveRange(position, Tokens.Count - position);
        SentLength = Math.Min(SentLength, position);
        return SendAsync(new SessionRequest { Truncate = new Truncate { Epoch = ++Epoch, Position = position } });
    }

    /// <summary>Half-closes and waits until the server has ended the call.</summary>
    public async Task CloseAsync()
    {
        await _call.RequestStream.CompleteAsync();
        while (await ReceiveAsync() is not null)
        {
        }
    }

    public void Dispose() => _call.Dispose();
}
