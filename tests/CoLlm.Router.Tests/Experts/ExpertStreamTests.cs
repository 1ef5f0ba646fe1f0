using CoLlm.Decoding;
using CoLlm.Decoding.Experts;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;
using CoLlm.Router.Tests.Peers;
using Grpc.Net.Client;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Router.Tests.Experts;

/// <summary>The client's side of the session protocol against a peer that keeps a record.</summary>
public sealed class ExpertStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly ExpertQuestion Question = new(ExpertAnswerForm.Token, SamplingParameters.Greedy, TimeSpan.Zero);

    [Fact]
    public async Task AskAsync_SuffixMissing_SendsOneMessageWithItAndTheHashOfEverything()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        using var stream = new OpenStream(expert, prompt: [5, 6, 7]);
        stream.Commit(8, 9);
        stream.Follow();
        ExpertAnswer? first = await stream.AskAsync();
        stream.Commit(first!.Value.Token.TokenId);
        await stream.AskAsync();

        ScriptedSession session = expert.Sessions.Single();
        Assert.Equal(
            [SessionRequest.MessageOneofCase.Open, SessionRequest.MessageOneofCase.Ask, SessionRequest.MessageOneofCase.Ask],
            session.Received.Select(request => request.MessageCase));
        Ask ask = session.Received[1].Ask;
        Assert.Equal((0, 3, "8,9", 0), (ask.Epoch, ask.Start, string.Join(",", ask.Tokens), ask.Positions.Count));
        Assert.Equal(PrefixHash.Of([5, 6, 7, 8, 9]).Value, ask.PrefixHash);
        Assert.Equal((5, 1), (session.Received[2].Ask.Start, session.Received[2].Ask.Tokens.Count));
    }

    [Fact]
    public async Task AskAsync_TokenForm_CostsFewerThanAHundredBytesBothWays()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        using var stream = new OpenStream(expert, prompt: [.. Enumerable.Range(0, 300)]);
        await stream.AskAsync();
        long before = stream.Stream.BytesUp + stream.Stream.Inbox.BytesDown;
        for (int i = 0; i < 10; i++)
        {
            stream.Commit(31_999, 128_000, 31_998);
            await stream.AskAsync();
        }

        Assert.InRange(stream.Stream.BytesUp + stream.Stream.Inbox.BytesDown - before, 1, 10 * 99);
    }

    [Fact]
    public async Task AskAsync_SamplingOfTheSession_IsNotSentAgain()
    {
        SamplingParameters sampling = SamplingParameters.Create(temperature: 0.7f, topP: 0.9f, seed: 5);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        using var stream = new OpenStream(expert, prompt: [5], sampling: sampling);
        await stream.AskAsync(Question with { Sampling = sampling });

        ScriptedSession session = expert.Sessions.Single();
        Assert.Equal((0.7f, 0.9f, 5ul), (session.Open!.Sampling.Temperature, session.Open.Sampling.TopP, session.Open.Sampling.Seed));
        Assert.Null(session.Received[1].Ask.Sampling);
        Assert.Equal(AnswerForm.Unspecified, session.Received[1].Ask.AnswerForm);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(50)]
    public async Task Follow_ManyTokensMissing_AppendsWithinTheCredit(int credit)
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync(credit, opened => opened.HeldTokens = 1);
            while (await session.ReadAskAsync() is not null)
                await session.AnswerAsync();
        });
        using var stream = new OpenStream(expert, prompt: [5]);
        await stream.AskAsync();
        for (int i = 0; i < 40; i++)
        {
            await stream.Stream.Written;
            stream.Commit(10 + i);
            stream.Follow(appendTokens: 4);
        }

        await stream.AskAsync();
        ScriptedSession session = expert.Sessions.Single();
        int appended = session.Received.Sum(request => request.Append?.Tokens.Count ?? 0);
        Assert.InRange(appended, credit >= 4 ? 4 : 0, credit);
        Assert.Equal(41, session.Tokens.Count);
    }

    [Fact]
    public async Task TruncateAsync_HistoryCut_RaisesTheEpochAndGoesOnDifferently()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        using var stream = new OpenStream(expert, prompt: [5, 6, 7]);
        stream.Commit(8);
        await stream.AskAsync();
        await stream.Stream.TruncateAsync(3, default);
        stream.Restart([5, 6, 7]);
        stream.Commit(9);
        ExpertAnswer? answer = await stream.AskAsync();

        Assert.Equal(ScriptedSession.TokenAfter([5, 6, 7, 9]), answer!.Value.Token.TokenId);
        ScriptedSession session = expert.Sessions.Single();
        Assert.Equal((1, 3), (session.Received[2].Truncate.Epoch, session.Received[2].Truncate.Position));
        Assert.Equal((1, PrefixHash.Of([5, 6, 7, 9]).Value), (session.Received[3].Ask.Epoch, session.Received[3].Ask.PrefixHash));
    }

    [Fact]
    public async Task AskAsync_QuestionNotTaken_RepeatsItsTokens()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            await session.NoticeAsync(FailureReason.Overloaded, endsSession: false);
            await session.ReadAskAsync();
            await session.AnswerAsync();
            await session.ReadAskAsync();
        });
        using var stream = new OpenStream(expert, prompt: [5]);
        stream.Commit(6);
        Assert.Null(await stream.AskAsync());
        Assert.Null(stream.Stream.Ended);
        Assert.NotNull(await stream.AskAsync());
        Assert.Equal([1, 1], expert.Sessions.Single().Received.Where(request => request.Ask is not null).Select(request => request.Ask.Start));
    }

    [Fact]
    public async Task AskAsync_NoAnswerInTime_EndsTheStream()
    {
        var time = new ManualTime();
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            asked.SetResult();
            await session.ReadAskAsync();
        });
        using var stream = new OpenStream(expert, prompt: [5], time: time);
        Task<ExpertAnswer?> answer = stream.AskAsync();
        await asked.Task;
        time.Advance(Patience);

        Assert.Null(await answer);
        Assert.Equal(FailureReason.DeadlineExceeded, stream.Stream.Ended!.Reason);
    }

    [Fact]
    public async Task Dispose_EveryQuestionAnswered_EndsTheSessionInGoodOrder()
    {
        TaskCompletionSource<bool> cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.ServeAsync();
            cancelled.SetResult(session.Cancelled.IsCancellationRequested);
        });
        var stream = new OpenStream(expert, prompt: [5], time: new ManualTime());
        await stream.AskAsync();
        stream.Stream.Dispose();

        Assert.False(await cancelled.Task.WaitAsync(Patience));
        stream.Dispose();
    }

    [Fact]
    public async Task Dispose_QuestionUnanswered_CancelsTheSessionAtOnce()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            using CancellationTokenRegistration registration = session.Cancelled.Register(cancelled.SetResult);
            await session.GrantAsync();
            await session.ReadAskAsync();
            asked.SetResult();
            await session.ReadAskAsync();
        });
        using CancellationTokenSource leaving = new();
        using var stream = new OpenStream(expert, prompt: [5]);
        Task<ExpertAnswer?> answer = stream.AskAsync(cancellationToken: leaving.Token);
        await asked.Task;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        stream.Stream.Dispose();

        await cancelled.Task.WaitAsync(Patience);
    }

    /// <summary>A stream with the history that it follows.</summary>
    private sealed class OpenStream : IDisposable
    {
        private readonly GrpcChannel _channel;
        private List<int> _tokens;

        public OpenStream(ScriptedExpert expert, int[] prompt, SamplingParameters? sampling = null, TimeProvider? time = null)
        {
            _channel = GrpcChannel.ForAddress(expert.Address);
            _tokens = [.. prompt];
            var terms = new SessionTerms
            {
                Model = "expert",
                UsableVocabularySize = 512,
                MaxSequenceTokens = 2000,
                Sampling = sampling ?? SamplingParameters.Greedy,
            };
            Stream = ExpertStream.Open(
                new Protocol.V1.Expert.ExpertClient(_channel), new Uri(expert.Address), terms, History, 0, time ?? TimeProvider.System, null, default);
        }

        public ExpertStream Stream { get; }

        private TokenHistory History => new([.. _tokens], maxNewTokens: 1);

        public void Commit(params int[] tokenIds) => _tokens.AddRange(tokenIds);

        public void Restart(int[] tokens) => _tokens = [.. tokens];

        public void Follow(int appendTokens = 32) => Stream.Follow(History, appendTokens);

        public Task<ExpertAnswer?> AskAsync(ExpertQuestion? question = null, CancellationToken cancellationToken = default) =>
            Stream.AskAsync(History, question ?? Question, Patience, cancellationToken).AsTask();

        public void Dispose()
        {
            Stream.Dispose();
            _channel.Dispose();
        }
    }
}
