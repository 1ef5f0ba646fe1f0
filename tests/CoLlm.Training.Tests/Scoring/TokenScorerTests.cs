using CoLlm.Testing;
using CoLlm.Testing.Golden;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Tests.Scoring;

public sealed class TokenScorerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Score_ExpertWithMoreIds_LeavesTheirColumnsOut(bool onEngine)
    {
        using GoldenModel golden = GoldenModel.Open("pair-expert");
        using TemporaryDirectory model = new TemporaryDirectory().CopyFrom(golden.ModelDirectory);
        await using ITokenScorer scorer = onEngine ? new EngineTokenScorer(model.Path, 512, threadCount: 1) : new LocalTokenScorer(model.Path, 512, threadCount: 1);

        IReadOnlyList<TokenScores> scores = await scorer.ScoreAsync(
            [new ScoreRequest(golden.SequenceIds, 1), new ScoreRequest(golden.SequenceIds[..30], 10)], CancellationToken.None);

        GoldenTolerance.AssertClose(golden.Tensor("seq64.gold_logprob_shared512"), scores[0].Gold, GoldenTolerance.LogProbability, "gold");
        GoldenTolerance.AssertClose(golden.Tensor("seq64.max_logprob_shared512"), scores[0].Max, GoldenTolerance.LogProbability, "max");
        GoldenTolerance.AssertClose(golden.Tensor("seq64.gold_logprob_shared512").AsSpan(9, 20), scores[1].Gold, GoldenTolerance.LogProbability, "part");
        int[] argMax = golden.SequenceArgMax("argmax_shared512");
        for (int t = 0; t < argMax.Length; t++)
            Assert.Equal(argMax[t] == golden.SequenceIds[t + 1], scores[0].Gold[t] >= scores[0].Max[t]);
    }
}
