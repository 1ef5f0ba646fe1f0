using CoLlm.Inference;
using CoLlm.Inference.Backends;
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
        ReferenceBackend reference = new(Checkpoint);
        Backend = reduces ? new ReducingBackend(reference) : null;
        Engine = new InferenceEngine((IInferenceBackend?)Backend ?? reference, new InferenceEngineOptions { KvBlockCount = 64, MaxQueuedOpens = 4 });
    }

    public Checkpoint Checkpoint { get; }

    public InferenceEngine Engine { get; }

    /// <summary>The engine's backend where it reduces; null elsewhere.</summary>
    public ReducingBackend? Backend { get; }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Checkpoint.Dispose();
    }
}
