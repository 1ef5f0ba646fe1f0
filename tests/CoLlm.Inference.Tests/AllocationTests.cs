using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

/// <summary>Runs alone: it counts what the whole process allocates.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    [Fact]
    public async Task RunStep_DecodingSteadily_AllocatesNothing()
    {
        await using SteppedEngine engine = new();
        using CancellationTokenSource cancellation = new();
        InferenceSession[] sessions = [.. Enumerable.Range(0, 3).Select(_ => engine.Engine.OpenSession(300))];
        int[] token = [1];
        Decode(engine.Engine, sessions, token, steps: 100, cancellation.Token);

        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Decode(engine.Engine, sessions, token, steps: 30, cancellation.Token);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Array.ForEach(sessions, s => s.Dispose());
    }

    [Fact]
    public async Task AdvanceAsync_AwaitedOnALiveEngine_AllocatesNothingPerStep()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        await using InferenceEngine engine = new(new ReferenceBackend(checkpoint), new InferenceEngineOptions { KvBlockCount = 64 });
        using InferenceSession session = engine.OpenSession(900);
        await DecodeAsync(session, 300);

        long before = GC.GetTotalAllocatedBytes(precise: true);
        await DecodeAsync(session, 500);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(allocated < 500 * 20, $"{allocated} bytes in 500 steps; one object per step would be at least {500 * 24}.");
    }

    private static void Decode(InferenceEngine engine, InferenceSession[] sessions, int[] token, int steps, CancellationToken cancellationToken)
    {
        for (int step = 0; step < steps; step++)
        {
            ValueTask<AdvanceResult> first = sessions[0].AdvanceAsync(token, WantedPositions.Last, cancellationToken);
            ValueTask<AdvanceResult> second = sessions[1].AdvanceAsync(token, WantedPositions.Last, cancellationToken);
            ValueTask<AdvanceResult> third = sessions[2].AdvanceAsync(token, WantedPositions.Last, CancellationToken.None);
            engine.RunStep();
            Consume(first);
            Consume(second);
            Consume(third);
        }
    }

    private static void Consume(ValueTask<AdvanceResult> call)
    {
        if (!call.IsCompletedSuccessfully || call.Result.Count != 1)
            Assert.Fail("The step did not answer the call.");
    }

    private static async Task DecodeAsync(InferenceSession session, int steps)
    {
        int[] token = [1];
        for (int step = 0; step < steps; step++)
            await session.AdvanceAsync(token);
    }
}
