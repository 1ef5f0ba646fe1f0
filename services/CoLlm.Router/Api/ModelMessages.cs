using CoLlm.Inference.Backends;
using CoLlm.Protocol.V1;
using CoLlm.Router.Base;
using CoLlm.Router.Hosting;

namespace CoLlm.Router.Api;

/// <summary>Describes what Generate calls a model.</summary>
internal static class ModelMessages
{
    public static CollaborativeModel Describe(Collaborators model, RequestOptions requests)
    {
        var message = new CollaborativeModel
        {
            Name = model.Name,
            Base = Describe(model.Base, model.Name),
            UsableVocabularySize = model.UsableVocabularySize(model.Experts),
            MaxSequenceTokens = model.MaxSequenceTokens(model.Experts),
            MaxNewTokens = requests.MaxNewTokens,
        };
        if (model.DefaultThreshold is { } threshold)
            message.DefaultThreshold = threshold;
        foreach (var point in model.Base.SwapHead.Calibration?.Points ?? [])
            message.Calibration.Add(new CalibrationPoint { TargetRate = point.TargetRate, Threshold = point.Threshold });
        foreach (var expert in model.Experts)
        {
            message.Experts.Add(new ExpertDescription
            {
                Name = expert.Name,
                Model = expert.Model ?? new ModelDescription(),
                ReachableReplicaCount = expert.ReachableReplicaCount,
            });
        }

        return message;
    }

    private static ModelDescription Describe(BaseModel model, string name)
    {
        var message = new ModelDescription
        {
            Name = name,
            Fingerprint = model.Fingerprint,
            TokenizerFingerprint = model.Tokenizer.Fingerprint,
            VocabularySize = model.VocabularySize,
            MaxSequenceTokens = model.MaxSequenceTokens,
            Architecture = model.Architecture,
            Backend = model.Engine.BackendName,
            BitwiseReproducible = model.Engine.Capabilities.HasFlag(BackendCapabilities.BitwiseReproducible),
        };
        message.EosTokenIds.AddRange(model.EosTokenIds);
        return message;
    }
}
