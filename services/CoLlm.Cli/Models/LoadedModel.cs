using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Models;

namespace CoLlm.Cli.Models;

/// <summary>A checkpoint on the processor with an engine that runs it: what the commands that compute work with.</summary>
internal sealed class LoadedModel : IAsyncDisposable
{
    /// <summary>Rows that one call of the commands asks results for.</summary>
    public const int PositionsPerCall = 64;

    private const int BlockSize = 16;
    private const long MaxKvBytes = 4L << 30;

    private readonly Checkpoint _checkpoint;

    private LoadedModel(Checkpoint checkpoint, InferenceEngine engine, int? deferralId)
    {
        _checkpoint = checkpoint;
        Engine = engine;
        DeferralId = deferralId;
    }

    public InferenceEngine Engine { get; }

    public ModelConfig Config => Engine.Config;

    /// <summary>The last column of the logits where that is the swap head; null otherwise.</summary>
    public int? DeferralId { get; }

    /// <summary>Opens the checkpoint, packs or maps its weights and starts the engine.</summary>
    /// <exception cref="CheckpointException">The directory holds no model that runs.</exception>
    public static LoadedModel Open(string directory, WeightFormat weights, IProgress<double>? progress = null)
    {
        Checkpoint checkpoint = Checkpoint.Open(directory);
        try
        {
            int? deferralId = DeferralRow.Find(directory, checkpoint.Config);
            return new LoadedModel(checkpoint, StartEngine(checkpoint, weights, progress), deferralId);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Stops the engine, which disposes the backend, and closes the checkpoint.</summary>
    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _checkpoint.Dispose();
    }

    private static InferenceEngine StartEngine(Checkpoint checkpoint, WeightFormat weights, IProgress<double>? progress)
    {
        CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = weights }, progress);
        try
        {
            // One line is answered at a time, so the cache needs to hold one context.
            long context = (checkpoint.Config.MaxPositionCount + BlockSize - 1L) / BlockSize;
            return new InferenceEngine(backend, new InferenceEngineOptions
            {
                BlockSizeTokens = BlockSize,
                KvBlockCount = (int)Math.Clamp(MaxKvBytes / backend.KvBlockBytes(BlockSize), 1, context),
                MaxOutputsPerStep = PositionsPerCall,
                MaxPositionsPerAdvance = PositionsPerCall,
                MaxSessions = 1,
            });
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }
}
