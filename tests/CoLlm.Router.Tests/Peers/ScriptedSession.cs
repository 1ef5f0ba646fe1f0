using CoLlm.Protocol.V1;
using Google.Protobuf.Collections;
using Grpc.Core;

namespace CoLlm.Router.Tests.Peers;

/// <summary>The expert's end of one session, with everything that arrived and words for what a test wants to say.</summary>
internal sealed class ScriptedSession(
    IAsyncStreamReader<SessionRequest> requests, IServerStreamWriter<SessionResponse> responses, CancellationToken cancelled)
{
    private readonly List<int> _tokens = [];

    /// <summary>All messages, in order.</summary>
    public List<SessionRequest> Received { get; } = [];

    /// <summary>What the router has sent, put together.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    public Open? Open { get; private set; }

    public int Epoch { get; private set; }

    public CancellationToken Cancelled => cancelled;

    /// <summary>The next message; null at the end of the stream.</summary>
    public async Task<SessionRequest?> ReadAsync()
    {
        if (!await requests.MoveNext(cancelled))
            return null;
        SessionRequest request = requests.Current.Clone();
        lock (Received)
            Received.Add(request);
        switch (request.MessageCase)
        {
            case SessionRequest.MessageOneofCase.Open:
                (Open, Epoch) = (request.Open, request.Open.Epoch);
                _tokens.AddRange(request.Open.Tokens);
                break;
            case SessionRequest.MessageOneofCase.Append:
                Extend(request.Append.Start, request.Append.Tokens);
                break;
            case SessionRequest.MessageOneofCase.Ask:
                Extend(request.Ask.Start, request.Ask.Tokens);
                break;
            case SessionRequest.MessageOneofCase.Truncate:
                Epoch = request.Truncate.Epoch;
                _tokens.RemoveRange(request.Truncate.Position, _tokens.Count - request.Truncate.Position);
                break;
        }

        return request;
    }

    /// <summary>Reads until a question comes; null where the stream ends first.</summary>
    public async Task<Ask?> ReadAskAsync()
    {
        while (await ReadAsync() is { } request)
        {
            if (request.Ask is { } ask)
                return ask;
        }

        return null;
    }

    public Task SayAsync(SessionResponse response) => responses.WriteAsync(response, cancelled);

    /// <summary>Reads Open and grants it.</summary>
    public async Task GrantAsync(int creditTokens = 256, Action<Opened>? change = null)
    {
        if (await ReadAsync() is not { Open: not null })
            throw new InvalidOperationException("The first message is Open.");
        var opened = new Opened
        {
            ProtocolVersion = 1,
            Model = new ModelDescription { Name = "expert", VocabularySize = 528, MaxSequenceTokens = 512 },
            Epoch = Epoch,
            CreditTokens = creditTokens,
            MaxSequenceTokens = Open!.MaxSequenceTokens,
            MaxPendingAsks = 1,
        };
        change?.Invoke(opened);
        await SayAsync(new SessionResponse { Opened = opened });
    }

    /// <summary>Answers the question at the end of what it has: a token that depends on all tokens before it.</summary>
    public Task AnswerAsync(Action<Answer>? change = null)
    {
        Answer answer = Answer();
        change?.Invoke(answer);
        return SayAsync(new SessionResponse { Answer = answer });
    }

    public Answer Answer() => new()
    {
        Epoch = Epoch,
        Position = _tokens.Count,
        TokenId = TokenAfter(_tokens),
        LogProbability = -0.5f,
        PassCount = Received.Count(request => request.Ask is not null),
        ComputedTokenCount = _tokens.Count,
    };

    public Task NoticeAsync(FailureReason reason, bool endsSession, Action<Notice>? change = null)
    {
        var notice = new Notice
        {
            Failure = new Failure { Reason = reason, Message = $"Scripted {reason}." },
            EndsSession = endsSession,
            Epoch = Epoch,
            Position = _tokens.Count,
        };
        change?.Invoke(notice);
        return SayAsync(new SessionResponse { Notice = notice });
    }

    /// <summary>Serves well, to the end of the stream.</summary>
    public async Task ServeAsync()
    {
        await GrantAsync();
        while (await ReadAskAsync() is not null)
            await AnswerAsync();
    }

    /// <summary>The scripted model: deterministic, and different for prefixes that differ anywhere.</summary>
    public static int TokenAfter(IReadOnlyList<int> tokens)
    {
        uint hash = 17;
        foreach (int token in tokens)
            hash = hash * 31 + (uint)token;
        return 3 + (int)(hash % 500);
    }

    private void Extend(int start, RepeatedField<int> tokens)
    {
        for (int i = 0; i < tokens.Count; i++)
        {
            if (start + i < _tokens.Count)
                Assert.Equal(_tokens[start + i], tokens[i]);
            else
                _tokens.Add(tokens[i]);
        }
    }
}
