using CoLlm.Router.Experts;
using CoLlm.Router.Hosting;
using CoLlm.Router.Telemetry;
using CoLlm.ServiceDefaults.Files;
using CoLlm.ServiceDefaults.Tls;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.Base;

/// <summary>Base, swap head and expert pools together: what clients call a model.</summary>
internal sealed class Collaborators : IAsyncDisposable
{
    private Collaborators(string name, BaseModel baseModel, IReadOnlyList<ExpertPool> experts, float? defaultThreshold)
    {
        Name = name;
        Base = baseModel;
        Experts = experts;
        DefaultThreshold = defaultThreshold;
    }

    public string Name { get; }

    public BaseModel Base { get; }

    public IReadOnlyList<ExpertPool> Experts { get; }

    /// <summary>The threshold where a request names no rule; null without swap head.</summary>
    public float? DefaultThreshold { get; }

    /// <exception cref="Inference.Checkpoints.CheckpointException">The options ask for a target rate that the swap head has no table for.</exception>
    /// <exception cref="SettingFileException">A certificate has become unusable since the options were checked.</exception>
    public static Collaborators Create(RouterOptions options, BaseModel baseModel, RouterTelemetry telemetry, TimeProvider time, ILogger logger)
    {
        ExpertPool[] experts = [.. options.Experts.Select((expert, i) => new ExpertPool(
            expert,
            new ExpertExpectation(expert.Model ?? expert.Name, baseModel.SwapHead.ExpertFingerprints[i]),
            time,
            jitterSeed: HashCode.Combine(Environment.ProcessId, i),
            measures: telemetry.Experts.For(expert.Name),
            tls: expert.Tls is { } tls ? new TlsConnector(tls, time, logger) : null))];
        foreach (ExpertPool expert in experts)
            expert.Start();
        var collaborators = new Collaborators(options.ModelName, baseModel, experts, ThresholdOf(options.Requests, baseModel.SwapHead));
        telemetry.Observe(collaborators);
        return collaborators;
    }

    /// <summary>Ids that base and all these experts have, as far as they are known.</summary>
    public int UsableVocabularySize(IEnumerable<ExpertPool> experts) => experts
        .Select(expert => expert.Model is { VocabularySize: > 0 } model ? model.VocabularySize : int.MaxValue)
        .Append(Base.UsableVocabularySize).Min();

    /// <summary>The longest sequence that base and all these experts hold, as far as they are known.</summary>
    public int MaxSequenceTokens(IEnumerable<ExpertPool> experts) => experts
        .Select(expert => expert.Model is { MaxSequenceTokens: > 0 } model ? model.MaxSequenceTokens : int.MaxValue)
        .Append(Base.MaxSequenceTokens).Min();

    public async ValueTask DisposeAsync()
    {
        foreach (ExpertPool expert in Experts)
            await expert.DisposeAsync().ConfigureAwait(false);
        await Base.DisposeAsync().ConfigureAwait(false);
    }

    private static float? ThresholdOf(RequestOptions requests, RouterSwapHead swapHead)
    {
        if (swapHead.Head is null)
            return null;
        if (requests.TargetRate is not { } rate)
            return requests.Threshold ?? swapHead.Calibration?.Best?.Threshold ?? 0.5f;
        return swapHead.Calibration?.ThresholdFor(rate)
            ?? throw new Inference.Checkpoints.CheckpointException($"Requests.TargetRate is {rate}, but the swap head has no calibration table.");
    }
}
