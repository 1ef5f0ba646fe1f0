using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Tests.Golden;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Tests.Experts;

/// <summary>An expert on an engine in this process: opening, waiting, losing, and the form of its answers.</summary>
public sealed class EngineExpertSessionTests
{
    private const int MaxTokens = 64;

    private static readonly ExpertQuestion Token = new(ExpertAnswerForm.Token, SamplingParameters.Greedy, TimeSpan.Zero);

    [Fact]
    public async Task Ask_PreparedOrNot_GivesTheSameAnswer()
    {
        await using var engine = new GoldenEngine("llama-tiny");
        await using EngineExpertSession prepared = Open(engine);
        await using EngineExpertSession fresh = Open(engine);
        TokenHistory history = History();
        prepared.Prepare(history);

        Assert.Equal(await fresh.AskAsync(history, Token, default), await prepared.AskAsync(history, Token, default));
        Assert.Equal((2, 6), (prepared.Cost.PassCount, prepared.Cost.ComputedTokenCount));
        Assert.Equal((1, 6), (fresh.Cost.PassCount, fresh.Cost.ComputedTokenCount));
    }

    [Fact]
    public async Task Ask_SameHistoryTwice_AnswersAgain()
    {
        await using var engine = new GoldenEngine("llama-tiny");
        await using EngineExpertSession session = Open(engine);
        Assert.Equal(await session.AskAsync(History(), Token, default), await session.AskAsync(History(), Token, default));
    }

    [Fact]
    public async Task Ask_Logits_AreShiftedAndHalf()
    {
        await using var engine = new GoldenEngine("pair-expert");
        await using EngineExpertSession session = Open(engine);
        ExpertAnswer token = await session.AskAsync(History(), Token, default);
        ExpertAnswer logits = await session.AskAsync(History(), Token with { Form = ExpertAnswerForm.Logits }, default);

        float[] values = [.. logits.Logits.ToArray().Select(value => (float)value)];
        Assert.Equal(512, values.Length);
        Assert.Equal(0f, values.Max());
        Assert.Equal(token.Token.TokenId, VocabularyScan.Argmax(values));
    }

    [Fact]
    public async Task Ask_FullEngine_WaitsWithinItsPatience()
    {
        await using var engine = new GoldenEngine("llama-tiny");
        await using EngineExpertSession session = Open(engine);
        InferenceSession[] hogs = [engine.Engine.OpenSession(512), engine.Engine.OpenSession(512)];
        Assert.Equal(ExpertOutcome.Overloaded, (await session.AskAsync(History(), Token, default)).Outcome);

        Task<ExpertAnswer> waiting = session.AskAsync(History(), Token with { Patience = TimeSpan.FromMinutes(5) }, default).AsTask();
        Assert.False(waiting.IsCompleted);
        foreach (InferenceSession hog in hogs)
            hog.Dispose();
        Assert.Equal(ExpertOutcome.Answered, (await waiting).Outcome);
    }

    [Fact]
    public async Task Ask_ClientGoneWhileWaiting_Throws()
    {
        await using var engine = new GoldenEngine("llama-tiny");
        await using EngineExpertSession session = Open(engine);
        using InferenceSession hog = engine.Engine.OpenSession(512);
        using InferenceSession other = engine.Engine.OpenSession(512);
        using var client = new CancellationTokenSource();
        Task<ExpertAnswer> waiting = session.AskAsync(History(), Token with { Patience = TimeSpan.FromMinutes(5) }, client.Token).AsTask();
        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_EngineStopped_SaysUnavailableOrOverloaded(bool isPrepared)
    {
        var engine = new GoldenEngine("llama-tiny");
        await using EngineExpertSession session = Open(engine);
        if (isPrepared)
            await session.AskAsync(History(), Token, default);
        await engine.DisposeAsync();
        session.Prepare(History());

        ExpertOutcome outcome = (await session.AskAsync(History(), Token, default)).Outcome;
        Assert.Contains(outcome, new[] { ExpertOutcome.Unavailable, ExpertOutcome.Overloaded });
    }

    private static EngineExpertSession Open(GoldenEngine engine) => new("expert", engine.Engine, 512, MaxTokens, TimeProvider.System);

    private static TokenHistory History() => new([1, 20, 300, 4, 55, 6], 10);
}
