using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Decoding.Tests.Golden;

/// <summary>A golden checkpoint on an engine.</summary>
internal sealed class GoldenEngine : IAsyncDisposable
{
    /// <param name="name">The checkpoint.</param>
    /// <param name="reduces">The backend is one that makes of logits what is wanted of them.</param>
    public GoldenEngine(string name, bool reduces = false)
    {
        Checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", name));
        Backend = new ReducingBackend(new ReferenceBackend(Checkpoint));
        Engine = new InferenceEngine(reduces ? Backend : new ReferenceBackend(Checkpoint), new InferenceEngineOptions { KvBlockCount = 64, MaxQueuedOpens = 4 });
    }

    public Checkpoint Checkpoint { get; }

    public InferenceEngine Engine { get; }

    /// <summary>Computes where the engine's backend reduces.</summary>
    public ReducingBackend Backend { get; }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Checkpoint.Dispose();
    }
}
