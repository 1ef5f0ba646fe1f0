using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Evaluation.Systems;

/// <summary>A model directory on an engine of its own.</summary>
internal sealed class LoadedModel : IAsyncDisposable
{
    private LoadedModel(string name, string directory, Checkpoint checkpoint, InferenceEngine engine, Tokenizer tokenizer)
    {
        (Name, Directory, Checkpoint, Engine, Tokenizer) = (name, directory, checkpoint, engine, tokenizer);
        HasDeferralRow = tokenizer.TokenId(ResearchConvention.DeferralToken) == checkpoint.Config.VocabularySize - 1;
    }

    /// <summary>What reports call it.</summary>
    public string Name { get; }

    public string Directory { get; }

    public Checkpoint Checkpoint { get; }

    public InferenceEngine Engine { get; }

    public Tokenizer Tokenizer { get; }

    /// <summary>Whether its swap head is the last row of its output projection.</summary>
    public bool HasDeferralRow { get; }

    /// <summary>Ids below this are its own tokens.</summary>
    public int UsableVocabularySize => Checkpoint.Config.VocabularySize - (HasDeferralRow ? ResearchConvention.AddedRowCount : 0);

    /// <exception cref="CheckpointException">The directory holds no model that runs.</exception>
    /// <exception cref="TokenizerException">It has no tokenizer that can be read.</exception>
    public static LoadedModel Open(string name, string directory, int threadCount, int sessions)
    {
        Checkpoint checkpoint = Checkpoint.Open(directory);
        try
        {
            Tokenizer tokenizer = Tokenizer.Load(directory);
            CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { ThreadCount = threadCount });
            return new LoadedModel(name, directory, checkpoint, new InferenceEngine(backend, new InferenceEngineOptions { MaxSessions = sessions }), tokenizer);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        Checkpoint.Dispose();
    }
}
