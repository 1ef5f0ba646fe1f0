using CoLlm.Expert.Models;
using CoLlm.Protocol.V1;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Expert.Sessions;

/// <summary>What an Open asked for, held against the model and the bounds: a session that exists has passed all of it.</summary>
internal sealed record SessionTerms
{
    public required ExpertModel Model { get; init; }

    public required int ProtocolVersion { get; init; }

    public required int UsableVocabularySize { get; init; }

    public required int MaxSequenceTokens { get; init; }

    public required AnswerTerms Answers { get; init; }

    /// <summary>Checks an Open; null and a fault where something does not fit.</summary>
    public static SessionTerms? TryAgree(Open open, ModelCatalog models, SessionLimits limits, out SessionFault? fault)
    {
        fault = ProtocolFault(open) ?? ModelFault(open, models, limits);
        if (fault is not null)
            return null;
        ExpertModel model = models.Find(open.Model)!;
        int usable = open.UsableVocabularySize == 0 ? model.Description.VocabularySize : open.UsableVocabularySize;
        fault = FitFault(open, model, usable);
        if (fault is not null || AnswerTerms.TryAgree(open, usable, limits, model.Backend.Limits, out fault) is not { } answers)
            return null;
        return new SessionTerms
        {
            Model = model,
            ProtocolVersion = Protocol.ProtocolVersion.Negotiate(open.ProtocolVersion)!.Value,
            UsableVocabularySize = usable,
            MaxSequenceTokens = open.MaxSequenceTokens,
            Answers = answers,
        };
    }

    /// <summary>Whether the model is the one the client was made for; shared with scoring.</summary>
    public static SessionFault? IdentityFault(ExpertModel expert, string modelFingerprint, string tokenizerFingerprint, int usableVocabularySize)
    {
        ModelDescription model = expert.Description;
        if (modelFingerprint.Length > 0 && modelFingerprint != model.Fingerprint)
            return SessionFault.Mismatch(FailureReason.ModelMismatch, $"Fingerprint of model {model.Name}", modelFingerprint, model.Fingerprint);
        if (tokenizerFingerprint.Length > 0 && !expert.HasTokenizer(tokenizerFingerprint, usableVocabularySize))
            return SessionFault.Mismatch(FailureReason.TokenizerMismatch, $"Tokenizer of model {model.Name}", tokenizerFingerprint, model.TokenizerFingerprint);
        return usableVocabularySize < 0 || usableVocabularySize > model.VocabularySize
            ? SessionFault.Mismatch(
                FailureReason.VocabularyMismatch, $"Usable vocabulary of model {model.Name}", $"{usableVocabularySize}", $"{model.VocabularySize}")
            : null;
    }

    /// <summary>The model of that name, or why there is none.</summary>
    public static SessionFault? NameFault(string name, ModelCatalog models, SessionLimits limits)
    {
        if (models.Find(name) is not null)
            return null;
        bool isComing = name.Length == 0 ? models.Names.Count == 1 : models.Names.Contains(name);
        return isComing
            ? new SessionFault(FailureReason.Overloaded, $"The model \"{name}\" is still being loaded.", RetryAfter: limits.RetryAfter)
            : new SessionFault(FailureReason.UnknownModel, $"There is no model \"{name}\" here; there is {string.Join(", ", models.Names)}.");
    }

    private static SessionFault? ProtocolFault(Open open) => Protocol.ProtocolVersion.Negotiate(open.ProtocolVersion) is null
        ? SessionFault.Mismatch(
            FailureReason.ProtocolVersionMismatch, "Protocol version", $"{open.ProtocolVersion}", $"{Protocol.ProtocolVersion.Oldest} to {Protocol.ProtocolVersion.Newest}")
        : null;

    private static SessionFault? ModelFault(Open open, ModelCatalog models, SessionLimits limits) => NameFault(open.Model, models, limits)
        ?? IdentityFault(models.Find(open.Model)!, open.ModelFingerprint, open.TokenizerFingerprint, open.UsableVocabularySize);

    private static SessionFault? FitFault(Open open, ExpertModel model, int usable)
    {
        int most = model.Description.MaxSequenceTokens;
        if (open.MaxSequenceTokens < 1 || open.Epoch < 0)
        {
            return new SessionFault(
                FailureReason.InvalidParameter, $"max_sequence_tokens is {open.MaxSequenceTokens} and epoch {open.Epoch}; they must be at least 1 and 0.");
        }

        if (open.Tokens.Count > most || open.Tokens.Count > open.MaxSequenceTokens)
        {
            return new SessionFault(
                FailureReason.PromptTooLong,
                $"The prefix has {open.Tokens.Count} tokens; the session asks for {open.MaxSequenceTokens} (max_sequence_tokens) and the model holds {most}.");
        }

        if (open.MaxSequenceTokens > most)
            return new SessionFault(FailureReason.OutputTooLong, $"max_sequence_tokens is {open.MaxSequenceTokens}; model {model.Name} holds {most}.");
        for (int i = 0; i < open.Tokens.Count; i++)
        {
            if ((uint)open.Tokens[i] >= (uint)usable)
                return new SessionFault(FailureReason.InvalidParameter, $"Token {i} of the prefix is {open.Tokens[i]}, outside the usable vocabulary of {usable}.");
        }

        return null;
    }
}

/// <summary>How answers are made unless an Ask says otherwise.</summary>
internal readonly record struct AnswerTerms(AnswerForm Form, SamplingParameters Sampling, int TopK)
{
    public static AnswerTerms? TryAgree(Open open, int usableVocabularySize, SessionLimits limits, BackendLimits backend, out SessionFault? fault) =>
        new AnswerTerms(AnswerForm.Token, SamplingParameters.Greedy, Math.Min(backend.MostTopK(limits), usableVocabularySize))
            .With(open.AnswerForm, open.Sampling, open.TopK, limits, backend, out fault);

    /// <summary>These terms with what an Ask says of its own; null and a fault where a value is out of bounds or the backend has no such answers.</summary>
    public AnswerTerms? With(
        AnswerForm form, Protocol.V1.SamplingParameters? sampling, int topK, SessionLimits limits, BackendLimits backend, out SessionFault? fault)
    {
        fault = null;
        if (form > AnswerForm.Logits)
            fault = new SessionFault(FailureReason.Unsupported, $"Answer form {(int)form} is not known here.");
        else if (topK < 0 || topK > limits.MaxTopK)
            fault = new SessionFault(FailureReason.InvalidParameter, $"top_k is {topK}; it must be 0 to {limits.MaxTopK} (max_top_k).");
        if (fault is not null)
            return null;

        SamplingParameters drawn = Sampling;
        if (sampling is not null)
        {
            if (SamplingWords.Parse(sampling, out string? problem) is not { } parsed)
            {
                fault = new SessionFault(FailureReason.InvalidParameter, problem!);
                return null;
            }

            drawn = parsed;
        }

        AnswerTerms agreed = new(form == AnswerForm.Unspecified ? Form : form, drawn, topK == 0 ? TopK : topK);
        fault = backend.Refuse(agreed);
        return fault is null ? agreed : null;
    }
}
