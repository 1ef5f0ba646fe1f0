using CoLlm.Expert.OpenAi;
using CoLlm.Inference;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Models;

/// <summary>
/// Loads the configured models while the process already answers probes, and waits for those that servers elsewhere compute; a model
/// that cannot be had stops the process.
/// </summary>
internal sealed partial class ModelLoading(
    ExpertOptions options, ModelCatalog catalog, RemoteModels remoteModels, IHostApplicationLifetime lifetime, EngineInstruments engines,
    ILogger<ModelLoading> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // The host starts its other services meanwhile.
        IEnumerable<Task> remote = options.Models.Where(model => model.OpenAi is not null).Select(model => ServeAsync(model, stoppingToken)).ToArray();
        foreach (ExpertModelOptions model in options.Models.Where(model => model.OpenAi is null))
        {
            stoppingToken.ThrowIfCancellationRequested();
            if (!TryLoad(model))
                return;
        }

        await Task.WhenAll(remote);
    }

    private bool TryLoad(ExpertModelOptions model)
    {
        try
        {
            ExpertModel loaded = Load(model);
            if (loaded.Engine is { } engine)
                engines.Add(model.Name, engine);
            catalog.Add(loaded);
            LogLoaded(model.Name, model.Directory);
            return true;
        }
        catch (Exception exception) when (IsOfModel(exception))
        {
            Stop(model, exception);
            return false;
        }
    }

    private async Task ServeAsync(ExpertModelOptions model, CancellationToken stoppingToken)
    {
        try
        {
            await remoteModels.ServeAsync(model, stoppingToken);
        }
        catch (Exception exception) when (IsOfModel(exception))
        {
            Stop(model, exception);
        }
    }

    private static bool IsOfModel(Exception exception) =>
        exception is CheckpointException or DeviceUnavailableException or TokenizerException or BackendException or IOException or UnauthorizedAccessException;

    private void Stop(ExpertModelOptions model, Exception exception)
    {
        LogFailed(model.Name, exception.Message);
        Environment.ExitCode = 1;
        lifetime.ApplicationStarted.Register(lifetime.StopApplication); // A host that is still starting cannot be stopped in good order.
    }

    private ExpertModel Load(ExpertModelOptions model)
    {
        Checkpoint checkpoint = Checkpoint.Open(model.Directory);
        try
        {
            Tokenizer tokenizer = Tokenizer.Load(model.Directory);
            InferenceEngine engine = new(LoadBackend(model, checkpoint), new InferenceEngineOptions
            {
                KvCacheBytes = model.KvCacheBytes,
                MaxSessions = options.Limits.MaxSessions + options.Limits.MaxPendingSequences,
                ContinueOnLoop = true,
            });
            return new ExpertModel(new EngineBackend(engine, checkpoint, options.Limits), tokenizer, Describe(model, checkpoint, tokenizer, engine));
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static IInferenceBackend LoadBackend(ExpertModelOptions model, Checkpoint checkpoint) =>
        DeviceBackends.IsProcessor(model.Device)
            ? CpuBackend.Load(checkpoint, new CpuBackendOptions
            {
                ThreadCount = model.Threads,
                WeightFormat = model.WeightFormat,
                Storage = model.PackedWeights,
                CacheDirectory = model.CacheDirectory.Length == 0 ? null : model.CacheDirectory,
            })
            : DeviceBackends.For(model.Device).Load(model.Device, checkpoint);

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
