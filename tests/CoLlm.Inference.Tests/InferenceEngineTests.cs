using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Failures;
using CoLlm.Testing;
using CoLlm.Testing.Laws;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

public sealed class InferenceEngineTests
{
    [Fact]
    public async Task OpenSession_EachBound_IsNamedWithItsNumbers()
    {
        await using SteppedEngine engine = new(new InferenceEngineOptions { KvBlockCount = 10, MaxSessions = 2 });
        using InferenceSession first = engine.Engine.OpenSession(100);

        Assert.Null(engine.Engine.TryOpenSession(60, out EngineRefusal refusal));
        Assert.Equal(new EngineRefusal(EngineBound.KvBlocks, 4, 3, 10), refusal);
        Assert.Equal("The session needs 4 KV blocks, but 3 of 10 are unreserved.", refusal.ToString());
        Assert.False(refusal.IsPermanent);
        Assert.Null(engine.Engine.TryOpenSession(200, out refusal));
        Assert.True(refusal.IsPermanent);
        Assert.Null(engine.Engine.TryOpenSession(1025, out refusal));
        Assert.Equal(EngineBound.ContextLength, refusal.Bound);
        using InferenceSession second = engine.Engine.OpenSession(1);
        Assert.Null(engine.Engine.TryOpenSession(1, out refusal));
        Assert.Equal("All 2 sessions of the engine are open.", refusal.ToString());
        Assert.Equal(4, engine.Statistics.Refusals);
    }

    [Fact]
    public async Task OpenSessionAsync_NoRoom_WaitsInOrderAndRefusesWhenTheQueueIsFull()
    {
        await using SteppedEngine engine = new(new InferenceEngineOptions { KvBlockCount = 10, MaxQueuedOpens = 2 });
        InferenceSession held = engine.Engine.OpenSession(160);
        Task<InferenceSession> large = engine.Engine.OpenSessionAsync(160);
        Task<InferenceSession> small = engine.Engine.OpenSessionAsync(16);

        var full = await Assert.ThrowsAsync<EngineRefusedException>(() => engine.Engine.OpenSessionAsync(16));
        Assert.Equal(EngineBound.QueuedOpens, full.Refusal.Bound);
        Assert.Equal(2, engine.Statistics.QueuedOpens);

        held.Dispose();
        using (await large)
            Assert.False(small.IsCompleted);
        using InferenceSession last = await small;
        Assert.Equal(1, engine.Statistics.KvBlocksReserved);
    }

    [Fact]
    public async Task OpenSessionAsync_FirstInQueueGivesUp_TheNextIsServed()
    {
        await using SteppedEngine engine = new(new InferenceEngineOptions { KvBlockCount = 10 });
        using InferenceSession held = engine.Engine.OpenSession(80);
        using CancellationTokenSource cancellation = new();
        Task<InferenceSession> large = engine.Engine.OpenSessionAsync(160, cancellation.Token);
        Task<InferenceSession> small = engine.Engine.OpenSessionAsync(16);
        Assert.Null(engine.Engine.TryOpenSession(16, out _));

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        (await small).Dispose();
        await Assert.ThrowsAsync<EngineRefusedException>(() => engine.Engine.OpenSessionAsync(161));
    }

    [Fact]
    public async Task RunStep_OneSessionBlowsUp_OnlyThatOneFails()
    {
        await using SteppedEngine engine = new();
        using InferenceSession good = engine.Engine.OpenSession(50);
        using InferenceSession bad = engine.Engine.OpenSession(50);
        using InferenceSession alone = engine.Engine.OpenSession(50);
        float[] expected = engine.Advance(alone, [3, 4]).Logits().ToArray();
        engine.Backend.AfterRun = plan =>
        {
            int poisoned = plan.TokenIds.IndexOf(13);
            if (poisoned >= 0)
                throw new NonFiniteActivationException("Layer 1 overflows.", plan.Sequences.ToArray().ToList().FindIndex(s => s.FirstRow <= poisoned && poisoned < s.FirstRow + s.RowCount));
        };

        Task<AdvanceResult> failing = bad.AdvanceAsync(new[] { 13, 3 }).AsTask();
        float[] survived = engine.Advance(good, [3, 4]).Logits().ToArray();

        var failure = await Assert.ThrowsAsync<SessionFailedException>(() => failing);
        Assert.Equal(SessionFailure.NonFiniteActivation, failure.Failure);
        Assert.EndsWith("Layer 1 overflows.", failure.Message, StringComparison.Ordinal);
        Assert.Equal(expected, survived);
        Assert.Throws<SessionFailedException>(() => bad.Append([1]));
        Assert.Equal((1, 2), (engine.Statistics.FailedSessions, engine.Statistics.OpenSessions));
        EngineInvariants.Check(engine.Engine);
    }

    [Fact]
    public async Task RunStep_BackendThrows_ItsSessionsFailAndTheEngineGoesOn()
    {
        await using SteppedEngine engine = new();
        InferenceSession first = engine.Engine.OpenSession(50);
        InferenceSession second = engine.Engine.OpenSession(50);
        using InferenceSession idle = engine.Engine.OpenSession(50);
        engine.Advance(idle, [1, 2]);
        engine.Backend.BeforeRun = _ => throw new InvalidDataException("The device is gone.");
        Task<AdvanceResult> one = first.AdvanceAsync(new[] { 1 }).AsTask();
        Task<AdvanceResult> two = second.AdvanceAsync(new[] { 2 }).AsTask();
        engine.Engine.RunStep();
        engine.Backend.BeforeRun = null;

        var failure = await Assert.ThrowsAsync<SessionFailedException>(() => one);
        await Assert.ThrowsAsync<SessionFailedException>(() => two);
        Assert.Equal("The backend 'reference' failed in a step of 2 sessions: The device is gone.", failure.Message);
        Assert.Equal(1, engine.Advance(idle, [3]).Count);
        EngineInvariants.Check(engine.Engine);
    }

    [Fact]
    public async Task Advance_DecodeBesideLongPrompts_NeitherStarves()
    {
        InferenceEngineOptions options = new() { KvBlockCount = 300, MaxRowsPerStep = 16, MaxPrefillRowsBesideDecode = 4, MaxOutputsPerStep = 3 };
        await using SteppedEngine engine = new(options);
        InferenceSession[] decoders = [.. Enumerable.Range(0, 5).Select(_ => engine.Engine.OpenSession(200))];
        using InferenceSession longPrompt = engine.Engine.OpenSession(300);
        Task<AdvanceResult> prompt = longPrompt.AdvanceAsync(SteppedEngine.Prompt(200, 1)).AsTask();
        int[] decoded = new int[5];

        for (int step = 0; step < 100; step++)
        {
            Task<AdvanceResult>[] calls = [.. decoders.Select((d, i) => d.AdvanceAsync(new[] { i }).AsTask())];
            int before = longPrompt.ComputedLength;
            engine.Engine.RunStep();
            Assert.True(longPrompt.ComputedLength > before || longPrompt.ComputedLength == 200, $"The prompt stood still in step {step}.");
            while (engine.Engine.RunStep())
            {
            }

            await Task.WhenAll(calls);
            for (int i = 0; i < 5; i++)
                decoded[i]++;
        }

        await prompt;
        Assert.All(decoded, count => Assert.Equal(100, count));
        Array.ForEach(decoders, d => d.Dispose());
    }

    [Fact]
    public async Task Drain_SessionsOpen_RefusesNewOnesAndLetsThemFinish()
    {
        await using SteppedEngine engine = new();
        using InferenceSession session = engine.Engine.OpenSession(20);
        engine.Engine.Drain();

        Assert.Null(engine.Engine.TryOpenSession(1, out EngineRefusal refusal));
        Assert.Equal("The engine is stopping and takes no new work.", refusal.ToString());
        Assert.Equal(1, engine.Advance(session, [1]).Count);
    }

    [Fact]
    public async Task DisposeAsync_CallsInFlight_FailWithASentenceAndTheBackendIsDisposed()
    {
        SteppedEngine engine = new();
        InferenceSession session = engine.Engine.OpenSession(20);
        Task<AdvanceResult> call = session.AdvanceAsync(new[] { 1 }).AsTask();

        await engine.DisposeAsync();

        var failure = await Assert.ThrowsAsync<SessionFailedException>(() => call);
        Assert.Equal("The engine was stopped.", failure.Message);
        Assert.True(engine.Backend.IsDisposed);
        EngineInvariants.CheckEmpty(engine.Engine);
    }

    [Theory]
    [InlineData(null, 5)]
    [InlineData(2, 2)]
    public async Task Constructor_DeviceWithMemoryOfItsOwn_FillsWhatIsFreeUnlessTold(int? toldBlocks, int expectedBlocks)
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));
        ReferenceBackend backend = new(checkpoint);
        long blockBytes = backend.KvBlockBytes(16);
        HookedBackend device = new(backend) { FreeKvBytes = (5 * blockBytes) + 1 };
        await using InferenceEngine engine = InferenceEngine.CreateStepped(device, new InferenceEngineOptions { KvCacheBytes = toldBlocks * blockBytes });
        Assert.Equal(expectedBlocks, engine.GetStatistics().KvBlocks);
    }

    [Theory]
    [InlineData(24)]
    [InlineData(2048)]
    public void Constructor_BlockSizeOutOfRange_NamesTheOption(int blockSize)
    {
        var error = Assert.Throws<ArgumentException>(() => new InferenceEngineOptions { BlockSizeTokens = blockSize }.Validate());
        Assert.StartsWith("BlockSizeTokens must be a power of two from 16 to 1024.", error.Message, StringComparison.Ordinal);
    }
}
