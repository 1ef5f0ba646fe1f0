using CoLlm.Expert.OpenAi;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing.Golden;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Expert.Tests.Scoring;

public sealed class ScoreTests
{
    /// <summary>The expert's own engine (null), and the servers elsewhere that score.</summary>
    public static TheoryData<ServerFlavor?> Backends => [(ServerFlavor?)null, ServerFlavor.Vllm, ServerFlavor.Sglang];

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Score_GoldenSequence_GivesTheStoredLogProbabilities(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using GoldenModel golden = GoldenModel.Open("pair-expert");
        int[] tokens = golden.SequenceIds;

        (List<float> gold, List<float> max) = (await ScoreAsync(expert, open => open.UsableVocabularySize = 512, Sequence(5, tokens, 1)))[5];

        Assert.Equal(63, gold.Count);
        Assert.All(golden.Tensor("seq64.gold_logprob_shared512").Zip(gold), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        Assert.All(golden.Tensor("seq64.max_logprob_shared512").Zip(max), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public async Task Score_ManySequencesAtOnce_EqualsEachAlone()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        Random random = new(5);
        ScoreSequence[] sequences = [.. Enumerable.Range(0, 30).Select(id =>
        {
            int length = random.Next(2, 150);
            return Sequence(id, [.. Enumerable.Range(0, length).Select(_ => random.Next(512))], random.Next(1, length));
        })];

        var together = await ScoreAsync(expert, _ => { }, sequences);
        foreach (ScoreSequence sequence in sequences.Take(8))
        {
            var alone = await ScoreAsync(expert, _ => { }, sequence);
            Assert.Equal(alone[sequence.SequenceId].Gold, together[sequence.SequenceId].Gold);
            Assert.Equal(alone[sequence.SequenceId].Max, together[sequence.SequenceId].Max);
            Assert.Equal(sequence.Tokens.Count - sequence.FirstPosition, together[sequence.SequenceId].Gold.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Score_WholeVocabularyAndLaterStart_EqualsTheEngine(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        await using ExpertUnderTest engine = await ExpertUnderTest.StartAsync();
        Random random = new(3);
        int[] tokens = [.. Enumerable.Range(0, 150).Select(_ => random.Next(528))];

        (List<float> gold, List<float> max) = (await ScoreAsync(expert, _ => { }, Sequence(1, tokens, 40)))[1];

        var expected = (await ScoreAsync(engine, _ => { }, Sequence(1, tokens, 40)))[1];
        Assert.Equal(110, gold.Count);
        Assert.All(expected.Gold.Zip(gold), pair => Assert.Equal(pair.First, pair.Second, expert.Tolerance));
        Assert.All(expected.Max.Zip(max), pair => Assert.Equal(pair.First, pair.Second, expert.Tolerance));
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Score_SequenceThatCannotBeScored_IsRefusedAloneAndTheStreamGoesOn(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = expert.Client.Score();
        await call.RequestStream.WriteAsync(new ScoreRequest { Open = new ScoreOpen { ProtocolVersion = 1 } });
        await call.RequestStream.WriteAsync(new ScoreRequest { Sequence = Sequence(1, [1, 2, 999], 1) });
        await call.RequestStream.WriteAsync(new ScoreRequest { Sequence = Sequence(2, [1, 2, 3], 3) });
        await call.RequestStream.WriteAsync(new ScoreRequest { Sequence = Sequence(3, [1, 2, 3], 1) });
        await call.RequestStream.CompleteAsync();

        List<ScoreResponse> responses = await call.ResponseStream.ReadAllAsync().Select(response => response.Clone()).ToListAsync();

        Assert.Equal([1L, 2L], responses.Where(response => response.Refused is not null).Select(response => response.Refused.SequenceId).Order());
        Assert.Equal(3L, Assert.Single(responses, response => response.Scores is not null).Scores.SequenceId);
    }

    [Fact]
    public async Task Score_OtherTokenizer_EndsWithTheReasonInATrailer()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => ScoreAsync(expert, open => open.TokenizerFingerprint = "beef"));

        Assert.Equal(StatusCode.FailedPrecondition, exception.StatusCode);
        Assert.Equal("tokenizer_mismatch", exception.Trailers.GetValue(Protocol.FailureReasons.ReasonTrailer));
    }

    [Fact]
    public async Task DrainAsync_ScoringClientSendsNothing_IsEndedWithTheReasonWhenTheTimeIsOver()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = expert.Client.Score();
        await call.RequestStream.WriteAsync(new ScoreRequest { Open = new ScoreOpen { ProtocolVersion = 1 } });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await expert.App.Services.GetRequiredService<DrainGate>().DrainAsync(TimeSpan.Zero, TimeProvider.System, CancellationToken.None);
        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.Unavailable, exception.StatusCode);
        Assert.Equal("draining", exception.Trailers.GetValue(Protocol.FailureReasons.ReasonTrailer));
    }

    [Fact]
    public async Task ScoreAsync_EngineThatLendsItsThread_MakesAndWritesNoScoresUponIt()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        Assert.True(expert.Engine.Options.ContinueOnLoop);
        List<bool> ofThePool = [];

        await expert.Model.Backend.ScoreAsync(Enumerable.Range(1, 300).ToArray(), 1, 528, NoteAsync, CancellationToken.None);

        Assert.Equal([true, true, true, true, true], ofThePool);

        Task NoteAsync(SequenceScores scores)
        {
            ofThePool.Add(Thread.CurrentThread.IsThreadPoolThread);
            return Task.CompletedTask;
        }
    }

    private static ScoreSequence Sequence(long id, int[] tokens, int firstPosition) => new() { SequenceId = id, Tokens = { tokens }, FirstPosition = firstPosition };

    private static async Task<Dictionary<long, (List<float> Gold, List<float> Max)>> ScoreAsync(
        ExpertUnderTest expert, Action<ScoreOpen> change, params ScoreSequence[] sequences)
    {
        ScoreOpen open = new() { ProtocolVersion = 1 };
        change(open);
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = expert.Client.Score();
        await call.RequestStream.WriteAsync(new ScoreRequest { Open = open });
        Task writing = WriteAllAsync(call, sequences);
        Dictionary<long, (List<float> Gold, List<float> Max)> scores = [];
        await foreach (ScoreResponse response in call.ResponseStream.ReadAllAsync())
        {
            if (response.Scores is not { } part)
                continue;
            if (!scores.TryGetValue(part.SequenceId, out var collected))
                scores.Add(part.SequenceId, collected = ([], []));
            Assert.Equal(sequences.First(sequence => sequence.SequenceId == part.SequenceId).FirstPosition + collected.Gold.Count, part.FirstPosition);
            collected.Gold.AddRange(part.GoldLogProbabilities);
            collected.Max.AddRange(part.MaxLogProbabilities);
        }

        await writing;
        return scores;
    }

    private static async Task WriteAllAsync(AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call, ScoreSequence[] sequences)
    {
        foreach (ScoreSequence sequence in sequences)
            await call.RequestStream.WriteAsync(new ScoreRequest { Sequence = sequence });
        await call.RequestStream.CompleteAsync();
    }
}
