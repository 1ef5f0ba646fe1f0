using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

public sealed class SessionWorkTests
{
    [Fact]
    public async Task Work_PromptThenDecodeSteps_CountsStepsAndTokensOfThisSessionAlone()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));
        await using InferenceEngine engine = new(new ReferenceBackend(checkpoint), new InferenceEngineOptions { KvBlockCount = 64, MaxRowsPerStep = 8 });
        using InferenceSession session = engine.OpenSession(64);
        using InferenceSession other = engine.OpenSession(64);

        await session.AdvanceAsync(Enumerable.Range(3, 20).ToArray());
        Assert.Equal((3, 20L), (session.Work.StepCount, session.Work.ComputedTokenCount));

        await other.AdvanceAsync(new[] { 1, 2, 3 });
        session.Append([7, 8]);
        await session.AdvanceAsync(new[] { 9 });

        Assert.Equal((4, 23L), (session.Work.StepCount, session.Work.ComputedTokenCount));
        Assert.True(session.Work.LastStepTime > TimeSpan.Zero);
    }
}
