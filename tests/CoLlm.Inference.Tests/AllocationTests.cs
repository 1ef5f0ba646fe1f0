using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Sampling;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

/// <summary>Runs alone: it counts what the whole process allocates.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    public static TheoryData<OutputReduction> Reductions =>
    [
        OutputReduction.None,
        OutputReduction.Token(SamplingParameters.Create(0.8f, topK: 30, topP: 0.9f, repetitionPenalty: 1.1f), 500),
        OutputReduction.TopK(8, 500),
        OutputReduction.Score(new[] { 7 }, 500),
    ];

    [Theory]
    [MemberData(nameof(Reductions))]
    public async Task RunStep_DecodingSteadily_AllocatesNothing(OutputReduction reduction)
    {
        await using SteppedEngine engine = new();
        OutputReducer reducer = new(engine.Engine.Config.VocabularySize);
        using CancellationTokenSource cancellation = new();
        InferenceSession[] sessions = [.. Enumerable.Range(0, 3).Select(_ => engine.Engine.OpenSession(300))];
        int[] token = [1];
        Decode(engine.Engine, sessions, token, steps: 100, reduction, reducer, cancellation.Token);

        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Decode(engine.Engine, sessions, token, steps: 30, reduction, reducer, cancellation.Token);
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

        // Others of this process allocate too, such as whoever reports the tests; not in every round.
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await DecodeAsync(session, 100);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < 100 * 20, $"{least} bytes in 100 steps; one object per step would be at least {100 * 24}.");
    }

    private static void Decode(
        InferenceEngine engine,
        InferenceSession[] sessions,
        int[] token,
        int steps,
        OutputReduction reduction,
        OutputReducer reducer,
        CancellationToken cancellationToken)
    {
        for (int step = 0; step < steps; step++)
        {
            ValueTask<AdvanceResult> first = sessions[0].AdvanceAsync(token, WantedPositions.Last, reduction, cancellationToken);
            ValueTask<AdvanceResult> second = sessions[1].AdvanceAsync(token, WantedPositions.Last, reduction, cancellationToken);
            ValueTask<AdvanceResult> third = sessions[2].AdvanceAsync(token, WantedPositions.Last, reduction, CancellationToken.None);
            engine.RunStep();
            Consume(first, reducer);
            Consume(second, reducer);
            Consume(third, reducer);
        }
    }

    private static void Consume(ValueTask<AdvanceResult> call, OutputReducer reducer)
    {
        if (!call.IsCompletedSuccessfully)
            Assert.Fail("The step did not answer the call.");
        AdvanceResult result = call.Result;
        if (result.Count != 1)
            Assert.Fail($"The step answered {result.Count} positions.");
        switch (result.Reduction.Form)
        {
            case OutputForm.Token:
                reducer.Token(result);
                break;
            case OutputForm.TopK:
                reducer.TopK(result, 0, out _);
                break;
            case OutputForm.Score:
                reducer.Score(result, 0);
                break;
        }
    }

    private static async Task DecodeAsync(InferenceSession session, int steps)
    {
        int[] token = [1];
        for (int step = 0; step < steps; step++)
            await session.AdvanceAsync(token);
    }
}
