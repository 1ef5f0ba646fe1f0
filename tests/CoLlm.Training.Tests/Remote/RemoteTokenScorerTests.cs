using CoLlm.Inference.Tokenization;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Testing;
using CoLlm.Testing.Golden;
using CoLlm.Training.Pipeline;
using CoLlm.Training.Remote;
using CoLlm.Training.Scoring;
using Grpc.Core;
using ScoreRequest = CoLlm.Training.Scoring.ScoreRequest;

namespace CoLlm.Training.Tests.Remote;

/// <summary>Scores that come over a wire are those of the model, whatever happens on the way.</summary>
public sealed class RemoteTokenScorerTests
{
    private static readonly RemotePatience Hasty = new() { InitialBackoff = TimeSpan.FromMilliseconds(1), MaxBackoff = TimeSpan.FromMilliseconds(2), MaxFailures = 4 };

    private readonly List<string> _log = [];

    [Fact]
    public async Task Score_RealExpert_GivesTheModelsScores()
    {
        using GoldenModel golden = GoldenModel.Open("pair-expert");
        await using GoldenExpert expert = await GoldenExpert.StartAsync("pair-expert");
        await using RemoteTokenScorer scorer = await OpenAsync(expert.Address, "pair-expert", 512);

        IReadOnlyList<TokenScores> scores = await scorer.ScoreAsync(
            [new ScoreRequest(golden.SequenceIds, 1), new ScoreRequest(golden.SequenceIds[..30], 10), new ScoreRequest([1, 2], 1)], CancellationToken.None);

        GoldenTolerance.AssertClose(golden.Tensor("seq64.gold_logprob_shared512"), scores[0].Gold, GoldenTolerance.LogProbability, "gold");
        GoldenTolerance.AssertClose(golden.Tensor("seq64.max_logprob_shared512"), scores[0].Max, GoldenTolerance.LogProbability, "max");
        GoldenTolerance.AssertClose(golden.Tensor("seq64.gold_logprob_shared512").AsSpan(9, 20), scores[1].Gold, GoldenTolerance.LogProbability, "part");
        Assert.Equal((1, 1), (scores[2].Gold.Length, scores[2].Max.Length));
    }

    [Fact]
    public async Task Score_StreamLostInTheMiddle_AsksAgainOnlyWhatWasNotComplete()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        int parts = 0;
        expert.OnPart = (_, _) =>
        {
            if (++parts is 6 or 9)
                throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        };
        await using RemoteTokenScorer scorer = Open(expert);

        IReadOnlyList<TokenScores> scores = await scorer.ScoreAsync(Sequences, CancellationToken.None);

        AssertScored(scores);
        Assert.Equal(3, expert.StreamCount);
        Assert.Equal([0, 1], expert.Asked.GroupBy(id => id).Where(asked => asked.Count() == 1).Select(asked => asked.Key).Order().Take(2));
        Assert.Equal(2, _log.Count);
        Assert.EndsWith("gone; asking again in 0.0 s.", _log[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public async Task Score_ManySequences_KeepsWithinTheServersBound(int maxPending)
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        expert.MaxPending = maxPending;
        await using RemoteTokenScorer scorer = Open(expert);

        AssertScored(await scorer.ScoreAsync(Sequences, CancellationToken.None));

        Assert.Equal(Enumerable.Range(0, Sequences.Length).Select(i => (long)i), expert.Asked);
        Assert.True(expert.MostPending <= maxPending, $"{expert.MostPending} were unanswered.");
    }

    [Fact]
    public async Task Score_ServiceThatNeverRecovers_IsGivenUpWithItsReason()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        expert.OnOpen = _ => throw new RpcException(new Status(StatusCode.Unavailable, "full house"), new Metadata { { FailureReasons.ReasonTrailer, "overloaded" } });
        await using RemoteTokenScorer scorer = Open(expert);

        TrainingException failed = await Assert.ThrowsAsync<TrainingException>(() => scorer.ScoreAsync(Sequences, CancellationToken.None));

        Assert.Equal($"Expert x ({expert.Address}): full house.", failed.Message);
        Assert.Equal(Hasty.MaxFailures, expert.StreamCount);
    }

    [Fact]
    public async Task Score_FailuresWithAnswersBetween_DoNotAddUp()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        HashSet<(long, int)> lost = [];
        expert.OnPart = (_, part) =>
        {
            if (part.IsLast && lost.Add((part.SequenceId, part.FirstPosition)))
                throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        };
        await using RemoteTokenScorer scorer = Open(expert);

        AssertScored(await scorer.ScoreAsync(Sequences, CancellationToken.None));
        Assert.Equal(Sequences.Length + 1, expert.StreamCount);
    }

    public static TheoryData<string> Violations => ["gap", "lengths", "too many", "last", "stranger"];

    [Theory]
    [MemberData(nameof(Violations))]
    public async Task Score_ServerThatBreaksTheProtocol_IsNotAskedAgain(string violation)
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        expert.OnPart = (_, part) => Spoil(part, violation);
        await using RemoteTokenScorer scorer = Open(expert);

        TrainingException failed = await Assert.ThrowsAsync<TrainingException>(() => scorer.ScoreAsync(Sequences, CancellationToken.None));

        Assert.StartsWith($"Expert x ({expert.Address}): it broke the protocol: ", failed.Message, StringComparison.Ordinal);
        Assert.Equal(1, expert.StreamCount);
    }

    [Fact]
    public async Task Require_OtherTokenizer_IsRefusedWithBothValues()
    {
        await using GoldenExpert expert = await GoldenExpert.StartAsync("pair-expert");
        Tokenizer other = Tokenizer.Load(RepositoryPaths.Golden("models", "qwen2-tiny"));
        ExpertFacts facts = await ExpertFacts.LearnAsync(Source(expert.Address, "pair-expert"), null, CancellationToken.None);

        TrainingException failed = await Assert.ThrowsAsync<TrainingException>(
            () => facts.RequireTokenizerAsync(other, "base", 512, null, CancellationToken.None));

        Assert.Contains(other.FingerprintOf(512), failed.Message, StringComparison.Ordinal);
        Assert.Contains(Tokenizer.Load(RepositoryPaths.Golden("models", "pair-expert")).Fingerprint, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Learn_ModelTheServiceLacks_NamesThoseItHas()
    {
        await using GoldenExpert expert = await GoldenExpert.StartAsync("pair-expert");

        TrainingException failed = await Assert.ThrowsAsync<TrainingException>(
            () => ExpertFacts.LearnAsync(Source(expert.Address, "maths"), null, CancellationToken.None));

        Assert.EndsWith("the service has no model \"maths\"; it has pair-expert.", failed.Message, StringComparison.Ordinal);
    }

    private static ScoreRequest[] Sequences { get; } =
        [.. Enumerable.Range(0, 7).Select(i => new ScoreRequest([.. Enumerable.Range(10 * i, 5 + i)], 1 + (i % 3)))];

    private static ExpertSource Source(Uri address, string model) => new("x", Address: new Uri(address, model));

    private static void AssertScored(IReadOnlyList<TokenScores> scores) =>
        Assert.Equal(Sequences.Select(sequence => sequence.TokenIds[sequence.FirstPosition..].Select(token => -(float)token)), scores.Select(score => score.Gold));

    private static void Spoil(SequenceScores part, string violation)
    {
        switch (violation)
        {
            case "gap":
                part.FirstPosition++;
                break;
            case "lengths":
                part.MaxLogProbabilities.Add(0);
                break;
            case "too many":
                part.GoldLogProbabilities.AddRange(new float[100]);
                part.MaxLogProbabilities.AddRange(new float[100]);
                break;
            case "last":
                part.IsLast = !part.IsLast;
                break;
            default:
                part.SequenceId = 99;
                break;
        }
    }

    private static async Task<RemoteTokenScorer> OpenAsync(Uri address, string model, int usable)
    {
        ExpertFacts facts = await ExpertFacts.LearnAsync(Source(address, model), null, CancellationToken.None);
        return facts.OpenRemote(Tokenizer.Load(RepositoryPaths.Golden("models", "pair-base")), usable, null);
    }

    private RemoteTokenScorer Open(ScriptedExpert expert) =>
        new(new RemoteExpert(new ExpertSource("x", Address: expert.Address), new Lines(_log), Hasty), new ScoreOpen());

    private sealed class Lines(List<string> lines) : IProgress<string>
    {
        public void Report(string value) => lines.Add(value);
    }
}
