using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Failures;
using CoLlm.Testing;
using CoLlm.Testing.Laws;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

/// <summary>The engine with its own thread. What is asserted holds for every interleaving.</summary>
public sealed class LiveEngineTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AdvanceAsync_CancelledAtAnyMoment_EveryBlockComesHome(bool continueOnLoop)
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        InferenceEngine engine = new(new ReferenceBackend(checkpoint), new InferenceEngineOptions { KvBlockCount = 40, MaxRowsPerStep = 16, MaxQueuedOpens = 2, ContinueOnLoop = continueOnLoop });

        int[] cancelled = await Task.WhenAll(Enumerable.Range(0, 6).Select(seed => Task.Run(() => ComeAndGoAsync(engine, new Random(seed)))));
        await engine.DisposeAsync();

        EngineInvariants.CheckEmpty(engine);
        Assert.True(cancelled.Sum() > 0, "No call was cancelled.");
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public async Task AdvanceAsync_SessionsSideBySide_OneOfThemContinuesOnTheLoopWhereAllowed(int sessions, bool continueOnLoop)
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        await using InferenceEngine engine = new(
            new ReferenceBackend(checkpoint), new InferenceEngineOptions { KvBlockCount = 40, ContinueOnLoop = continueOnLoop });

        int[] onLoop = await Task.WhenAll(Enumerable.Range(0, sessions).Select(_ => Task.Run(() => CountStepsOnLoopAsync(engine))));

        Assert.Equal(continueOnLoop, onLoop.Sum() > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DisposeAsync_WhileSessionsDecode_EndsThemAll(bool continueOnLoop)
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        InferenceEngine engine = new(new ReferenceBackend(checkpoint), new InferenceEngineOptions { KvBlockCount = 500, ContinueOnLoop = continueOnLoop });
        TaskCompletionSource[] decoding = [.. Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        Task[] sessions = [.. decoding.Select(started => Task.Run(() => DecodeForeverAsync(engine.OpenSession(1000), started)))];

        await Task.WhenAll(decoding.Select(started => started.Task));
        await engine.DisposeAsync();

        foreach (Task session in sessions)
            await Assert.ThrowsAsync<SessionFailedException>(() => session);
        EngineInvariants.CheckEmpty(engine);
    }

    [Fact]
    public async Task AdvanceAsync_BackendThatComputesOnItsCaller_HasEnteredTheLoopThreadBeforeItRunsThere()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        List<bool> isEntered = [];
        HookedBackend backend = new(new ReferenceBackend(checkpoint));
        backend.BeforeRun = _ => isEntered.Add(backend.LoopThread == Thread.CurrentThread);
        await using InferenceEngine engine = new(backend, new InferenceEngineOptions { KvBlockCount = 4 });

        using InferenceSession session = engine.OpenSession(8);
        await session.AdvanceAsync(new[] { 5, 6 });
        await session.AdvanceAsync(new[] { 7 });

        Assert.Equal([true, true], isEntered);
    }

    /// <summary>How often the caller found itself on the engine's own thread after a step.</summary>
    private static async Task<int> CountStepsOnLoopAsync(InferenceEngine engine)
    {
        int onLoop = 0;
        using (InferenceSession session = engine.OpenSession(100))
        {
            for (int i = 0; i < 50; i++)
            {
                await session.AdvanceAsync(new[] { i });
                onLoop += Thread.CurrentThread.Name == InferenceEngine.LoopThreadName ? 1 : 0;
            }
        }

        await Task.Yield(); // The loop is not to be kept.
        return onLoop;
    }

    private static async Task DecodeForeverAsync(InferenceSession session, TaskCompletionSource decoding)
    {
        using (session)
        {
            while (true)
            {
                await session.AdvanceAsync(new[] { session.Length % 500 });
                if (session.Length == 20)
                    decoding.TrySetResult();
                if (session.Length == session.MaxTokens)
                    session.Truncate(0);
            }
        }
    }

    private static async Task<int> ComeAndGoAsync(InferenceEngine engine, Random random)
    {
        int cancelled = 0;
        for (int round = 0; round < 25; round++)
        {
            using CancellationTokenSource cancellation = new();
            Task cancelling = CancelLaterAsync(cancellation, random.Next(40));
            try
            {
                using InferenceSession session = await engine.OpenSessionAsync(20 + random.Next(200), cancellation.Token);
                await session.AdvanceAsync(SteppedEngine.Prompt(1 + random.Next(session.MaxTokens - 5)), WantedPositions.Last, cancellation.Token);
                for (int i = 0; i < 4; i++)
                    await session.AdvanceAsync(new[] { i }, WantedPositions.Last, cancellation.Token);
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }
            catch (EngineRefusedException e)
            {
                Assert.Equal(EngineBound.QueuedOpens, e.Refusal.Bound);
            }

            await cancelling;
        }

        return cancelled;
    }

    private static async Task CancelLaterAsync(CancellationTokenSource cancellation, int turns)
    {
        for (int i = 0; i < turns; i++)
            await Task.Yield();
        await cancellation.CancelAsync();
    }
}
