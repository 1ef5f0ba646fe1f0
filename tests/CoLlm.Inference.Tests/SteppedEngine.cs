using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Testing.Laws;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

/// <summary>An engine without a thread over the reference backend: the test runs every step itself.</summary>
internal sealed class SteppedEngine : IAsyncDisposable
{
    private readonly Checkpoint _checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));

    public SteppedEngine(InferenceEngineOptions? options = null)
    {
        Backend = new HookedBackend(new ReferenceBackend(_checkpoint));
        Engine = InferenceEngine.CreateStepped(Backend, options ?? new InferenceEngineOptions { KvBlockCount = 64 });
    }

    public HookedBackend Backend { get; }

    public InferenceEngine Engine { get; }

    public EngineStatistics Statistics => Engine.GetStatistics();

    /// <summary>Advances a session and runs steps until it is answered.</summary>
    public AdvanceResult Advance(InferenceSession session, int[] tokens, WantedPositions wanted = default)
    {
        ValueTask<AdvanceResult> call = session.AdvanceAsync(tokens, wanted);
        for (int steps = 0; !call.IsCompleted; steps++)
        {
            Assert.True(steps < 1000, "The call was not answered within 1000 steps.");
            Engine.RunStep();
            EngineInvariants.Check(Engine);
        }

        return call.GetAwaiter().GetResult();
    }

    /// <summary>A prompt of this many tokens; different seeds differ in the first token.</summary>
    public static int[] Prompt(int length, int seed = 0) => [.. Enumerable.Range(0, length).Select(i => (seed + (i * 7)) % 500)];

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _checkpoint.Dispose();
    }
}
