using System.Diagnostics;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>A session with the expert without a router around it: what the protocol costs by itself.</summary>
internal sealed class DirectSession : IDisposable
{
    private readonly AsyncDuplexStreamingCall<SessionRequest, SessionResponse> _call;
    private readonly SessionRequest _ask = new() { Ask = new Ask() };
    private PrefixHash _hash;
    private int _length;

    private DirectSession(AsyncDuplexStreamingCall<SessionRequest, SessionResponse> call, int[] prompt)
    {
        _call = call;
        _hash = PrefixHash.Empty.Append(prompt);
        _length = prompt.Length;
    }

    /// <summary>Payload of what a router exchanges until then, both ways.</summary>
    public int OpeningBytes { get; private set; }

    public static async Task<DirectSession> OpenAsync(
        GrpcChannel channel, int[] prompt, int maxSequenceTokens, int usableVocabularySize = GeneratedModels.VocabularySize,
        string model = GeneratedModels.ExpertName)
    {
        var session = new DirectSession(new V1.Expert.ExpertClient(channel).Session(), prompt);
        Open open = new()
        {
            ProtocolVersion = ProtocolVersion.Newest,
            Model = model,
            MaxSequenceTokens = maxSequenceTokens,
            UsableVocabularySize = usableVocabularySize,
            Tokens = { prompt },
        };
        await session._call.RequestStream.WriteAsync(new SessionRequest { Open = open });
        SessionResponse opened = await session.ReadAsync();
        SessionResponse applied = await session.ReadAsync();
        session.OpeningBytes = RouterOpen(open, opened.Opened.Model).CalculateSize() + opened.CalculateSize() + applied.CalculateSize();
        return session;
    }

    /// <summary>Asks for the token after these.</summary>
    public async Task<(Answer Answer, TimeSpan Time)> AskAsync(ReadOnlyMemory<int> tokens)
    {
        Ask ask = _ask.Ask;
        ask.Start = _length;
        ask.Tokens.Clear();
        foreach (int token in tokens.Span)
            ask.Tokens.Add(token);
        _hash = _hash.Append(tokens.Span);
        _length += tokens.Length;
        ask.PrefixHash = _hash.Value;
        long start = Stopwatch.GetTimestamp();
        await _call.RequestStream.WriteAsync(_ask);
        Answer answer = (await ReadAsync()).Answer;
        return (answer, Stopwatch.GetElapsedTime(start));
    }

    public void Dispose() => _call.Dispose();

    /// <summary>The message that a router would have sent, which says more.</summary>
    private static SessionRequest RouterOpen(Open open, ModelDescription model)
    {
        Open full = open.Clone();
        (full.ModelFingerprint, full.TokenizerFingerprint) = (model.Fingerprint, model.TokenizerFingerprint);
        full.AnswerForm = AnswerForm.Token;
        full.Sampling = new SamplingParameters { Temperature = 1f, Seed = 1 };
        return new SessionRequest { Open = full };
    }

    private async Task<SessionResponse> ReadAsync()
    {
        if (!await _call.ResponseStream.MoveNext(CancellationToken.None))
            throw new InvalidOperationException("The expert has ended the session.");
        return _call.ResponseStream.Current is { Notice: null } response
            ? response
            : throw new InvalidOperationException(_call.ResponseStream.Current.Notice.Failure.Message);
    }
}
