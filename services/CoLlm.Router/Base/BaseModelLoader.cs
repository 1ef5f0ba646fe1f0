using CoLlm.Inference;
using CoLlm.Inference.Backends;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;
using CoLlm.Router.Hosting;

namespace CoLlm.Router.Base;

/// <summary>Opens a checkpoint, its tokenizer and its swap head, and starts the engine over them.</summary>
internal static class BaseModelLoader
{
    /// <exception cref="CheckpointException">A file is missing or malformed, or the models do not belong together.</exception>
    /// <exception cref="DeviceUnavailableException">The configured device cannot be used.</exception>
    /// <exception cref="ChatTemplateException">The chat template is malformed.</exception>
    public static BaseModel Load(RouterOptions options)
    {
        BaseModelOptions settings = options.Base!;
        Checkpoint checkpoint = Checkpoint.Open(settings.Directory);
        try
        {
            Tokenizer tokenizer = Tokenizer.Load(settings.Directory);
            RouterSwapHead swapHead = RouterSwapHead.Load(
                options.SwapHead, checkpoint, tokenizer, [.. options.Experts.Select(expert => expert.Name)]);
            var engine = new InferenceEngine(LoadBackend(settings, checkpoint), EngineOptions(options));
            int rows = checkpoint.Config.VocabularySize - (swapHead.UsesDeferralRow ? Decoding.SwapHeads.ResearchConvention.AddedRowCount : 0);
            return new BaseModel(checkpoint, engine, tokenizer, swapHead)
            {
                ChatTemplate = ChatTemplate.Load(settings.Directory),
                UsableVocabularySize = Math.Min(rows, tokenizer.VocabularySize),
                MaxSequenceTokens = MaxSequenceTokens(settings, engine),
                EosTokenIds = checkpoint.Config.EosTokenIds is { Count: > 0 } ids ? ids : tokenizer.EosTokenId is { } eos ? [eos] : [],
            };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static IInferenceBackend LoadBackend(BaseModelOptions settings, Checkpoint checkpoint) =>
        DeviceBackends.IsProcessor(settings.Device)
            ? CpuBackend.Load(checkpoint, new CpuBackendOptions
            {
                ThreadCount = settings.Threads,
                WeightFormat = settings.WeightFormat,
                Storage = settings.PackedWeights,
            })
            : DeviceBackends.For(settings.Device).Load(settings.Device, checkpoint);

    private static InferenceEngineOptions EngineOptions(RouterOptions options)
    {
        var defaults = new InferenceEngineOptions();
        return defaults with
        {
            KvBlockCount = options.Base!.KvTokens is { } tokens ? (tokens + defaults.BlockSizeTokens - 1) / defaults.BlockSizeTokens : null,
            MaxSessions = options.Admission.MaxConcurrentRequests,
            MaxQueuedOpens = options.Admission.MaxConcurrentRequests,
            ContinueOnLoop = true,
        };
    }

    /// <summary>What the model was made for, and not more than the whole KV cache holds.</summary>
    private static int MaxSequenceTokens(BaseModelOptions settings, InferenceEngine engine)
    {
        long cacheTokens = (long)engine.GetStatistics().KvBlocks * engine.Options.BlockSizeTokens;
        return (int)Math.Min(Math.Min(settings.MaxSequenceTokens ?? int.MaxValue, engine.Config.MaxPositionCount), cacheTokens);
    }
}
