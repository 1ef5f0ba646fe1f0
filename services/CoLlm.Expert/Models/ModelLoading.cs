using CoLlm.Inference;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Models;

/// <summary>Loads the configured models while the process already answers probes; a model that cannot be loaded stops the process.</summary>
internal sealed partial class ModelLoading(
    ExpertOptions options, ModelCatalog catalog, IHostApplicationLifetime lifetime, ILogger<ModelLoading> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // The host starts its other services meanwhile.
        foreach (ExpertModelOptions model in options.Models)
        {
            try
            {
                stoppingToken.ThrowIfCancellationRequested();
                catalog.Add(Load(model));
                LogLoaded(model.Name, model.Directory);
            }
            catch (Exception exception) when (exception is CheckpointException or TokenizerException or IOException or UnauthorizedAccessException)
            {
                LogFailed(model.Name, exception.Message);
                Environment.ExitCode = 1;
                lifetime.ApplicationStarted.Register(lifetime.StopApplication); // A host that is still starting cannot be stopped in good order.
                return;
            }
        }
    }

    private ExpertModel Load(ExpertModelOptions model)
    {
        Checkpoint checkpoint = Checkpoint.Open(model.Directory);
        try
        {
            Tokenizer tokenizer = Tokenizer.Load(model.Directory);
            CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions
            {
                ThreadCount = model.Threads,
                WeightFormat = model.WeightFormat,
                Storage = model.PackedWeights,
                CacheDirectory = model.CacheDirectory.Length == 0 ? null : model.CacheDirectory,
            });
            InferenceEngine engine = new(backend, new InferenceEngineOptions
            {
                KvCacheBytes = model.KvCacheBytes,
                MaxSessions = options.Limits.MaxSessions + options.Limits.MaxPendingSequences,
            });
            return new ExpertModel(new EngineBackend(engine, checkpoint, options.Limits), tokenizer, Describe(model, checkpoint, tokenizer, engine));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private ModelDescription Describe(ExpertModelOptions model, Checkpoint checkpoint, Tokenizer tokenizer, InferenceEngine engine)
    {
        int context = engine.Config.MaxPositionCount;
        return new ModelDescription
        {
            Name = model.Name,
            Fingerprint = checkpoint.Fingerprint,
            TokenizerFingerprint = tokenizer.Fingerprint,
            VocabularySize = engine.Config.VocabularySize,
            MaxSequenceTokens = options.Limits.MaxSequenceTokens == 0 ? context : Math.Min(context, options.Limits.MaxSequenceTokens),
            EosTokenIds = { engine.Config.EosTokenIds },
            Architecture = engine.Config.Architecture.ToString().ToLowerInvariant(),
            Backend = engine.BackendName,
            BitwiseReproducible = engine.Capabilities.HasFlag(BackendCapabilities.BitwiseReproducible),
        };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Name} is loaded from {Directory}.")]
    private partial void LogLoaded(string name, string directory);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Model {Name} cannot be loaded: {Problem}")]
    private partial void LogFailed(string name, string problem);
}
