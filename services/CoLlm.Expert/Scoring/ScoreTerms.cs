using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Scoring;

/// <summary>What a ScoreOpen asked for, held against the model.</summary>
internal sealed record ScoreTerms(ExpertModel Model, int ProtocolVersion, int UsableVocabularySize)
{
    public static ScoreTerms? TryAgree(ScoreOpen open, ModelCatalog models, SessionLimits limits, out SessionFault? fault)
    {
        int? version = Protocol.ProtocolVersion.Negotiate(open.ProtocolVersion);
        fault = version is null
            ? SessionFault.Mismatch(FailureReason.ProtocolVersionMismatch, "Protocol version", $"{open.ProtocolVersion}", $"{Protocol.ProtocolVersion.Newest}")
            : SessionTerms.NameFault(open.Model, models, limits);
        if (fault is not null)
            return null;
        ExpertModel model = models.Find(open.Model)!;
        fault = SessionTerms.IdentityFault(model, open.ModelFingerprint, open.TokenizerFingerprint, open.UsableVocabularySize);
        if (fault is null && model.Backend.Limits.ScoringProblem is { } problem)
            fault = new SessionFault(FailureReason.Unsupported, problem);
        int usable = open.UsableVocabularySize == 0 ? model.Description.VocabularySize : open.UsableVocabularySize;
        return fault is null ? new ScoreTerms(model, version!.Value, usable) : null;
    }
}
