using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Decoding.Tests.Golden;

/// <summary>A golden checkpoint on an engine.</summary>
internal sealed class GoldenEngine : IAsyncDisposable
{
    public GoldenEngine(string name)
    {
        Checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", name));
        Engine = new InferenceEngine(new ReferenceBackend(Checkpoint), new InferenceEngineOptions { KvBlockCount = 64, MaxQueuedOpens = 4 });
    }

    public Checkpoint Checkpoint { get; }

    public InferenceEngine Engine { get; }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Checkpoint.Dispose();
    }
}
