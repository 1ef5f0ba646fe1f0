using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests.Sampling;

/// <summary>What a call makes of its logits: refused where it does not fit, and the same whoever makes it (the engine's laws hold the values).</summary>
public sealed class OutputReducerTests
{
    private const int Vocabulary = 512;

    public static TheoryData<OutputReduction, string> Misfits => new()
    {
        { OutputReduction.Token(SamplingParameters.Greedy, 0), "The call reduces over 0 ids; the model has 512." },
        { OutputReduction.Token(SamplingParameters.Greedy, 513), "The call reduces over 513 ids; the model has 512." },
        { OutputReduction.TopK(0, 10), "The call asks for the 0 most probable tokens of 10." },
        { OutputReduction.TopK(11, 10), "The call asks for the 11 most probable tokens of 10." },
        { OutputReduction.Score(new[] { 1, 2 }, 10), "The call scores 2 tokens at 1 positions." },
        { OutputReduction.Score(new[] { 10 }, 10), "The call scores token 10, outside the 10 ids it reduces over." },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public async Task AdvanceAsync_ReductionThatDoesNotFit_IsRefusedAndChangesNothing(OutputReduction reduction, string problem)
    {
        await using InferenceEngine engine = Open(reduces: true);
        using InferenceSession session = engine.OpenSession(20);
        InvalidRequestException exception = await Assert.ThrowsAsync<InvalidRequestException>(
            async () => await session.AdvanceAsync(new[] { 1 }, WantedPositions.Last, reduction));
        Assert.Equal(problem, exception.Message);
        Assert.Equal(0, session.Length);
    }

    [Fact]
    public async Task Logits_OfAReducedRow_AreNotThere()
    {
        await using InferenceEngine engine = Open(reduces: true);
        using InferenceSession session = engine.OpenSession(20);
        AdvanceResult result = await session.AdvanceAsync(new[] { 1 }, WantedPositions.Last, OutputReduction.TopK(3, Vocabulary));
        Assert.True(result.IsReduced);
        Assert.Throws<InvalidOperationException>(() => _ = result.Logits());
        Assert.Throws<InvalidOperationException>(() => new OutputReducer(Vocabulary).Token(result));
    }

    [Fact]
    public async Task AdvanceAsync_MoreTokensThanHalfOfAllLogits_BringsTheLogits()
    {
        await using InferenceEngine engine = Open(reduces: true);
        using InferenceSession session = engine.OpenSession(20);
        AdvanceResult result = await session.AdvanceAsync(new[] { 1 }, WantedPositions.Last, OutputReduction.TopK(Vocabulary - 1, Vocabulary));
        Assert.False(result.IsReduced);
        ReadOnlySpan<TokenLogProbability> top = new OutputReducer(Vocabulary).TopK(result, 0, out float tail);
        Assert.Equal(VocabularyScan.Argmax(result.Logits()), top[0].TokenId);
        Assert.Equal(Vocabulary - 1, top.Length);
        Assert.InRange(tail, 0, 1e-3f);
    }

    [Fact]
    public async Task Score_AnsweredOverSeveralSteps_TakesEachPositionsOwnToken()
    {
        int[] tokens = [.. Enumerable.Range(0, 100).Select(i => (i * 31) % 500)];
        float[] whole = await ScoreAsync(reduces: false, tokens);
        float[] reduced = await ScoreAsync(reduces: true, tokens);
        Assert.All(whole.Zip(reduced), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.True(whole.Distinct().Count() > 90);
    }

    private static async Task<float[]> ScoreAsync(bool reduces, int[] tokens)
    {
        await using InferenceEngine engine = Open(reduces);
        using InferenceSession session = engine.OpenSession(tokens.Length);
        AdvanceResult result = await session.AdvanceAsync(tokens.AsMemory(..^1), WantedPositions.New, OutputReduction.Score(tokens.AsMemory(1), Vocabulary));
        OutputReducer reducer = new(Vocabulary);
        return [.. Enumerable.Range(0, result.Count).Select(i => reducer.Score(result, i).Given)];
    }

    private static InferenceEngine Open(bool reduces)
    {
        // The weights are read when the backend is made, so the checkpoint need not stay open.
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        ReferenceBackend backend = new(checkpoint);
        return new InferenceEngine(
            reduces ? new ReducingBackend(backend) : backend, new InferenceEngineOptions { KvBlockCount = 16, MaxRowsPerStep = 24, MaxOutputsPerStep = 7 });
    }
}
