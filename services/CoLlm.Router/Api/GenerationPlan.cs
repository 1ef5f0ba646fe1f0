using CoLlm.Decoding;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Router.Base;
using CoLlm.Router.Experts;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>A Generate request that has been checked: nothing in it is checked again.</summary>
internal sealed record GenerationPlan
{
    public required Collaborators Model { get; init; }

    public required V1.CollaborationMode Mode { get; init; }

    /// <summary>Experts that may be asked; in base-only mode those that the swap head is asked about.</summary>
    public required IReadOnlyList<ExpertPool> Experts { get; init; }

    /// <summary>Reports on exactly the experts here.</summary>
    public required SwapHead? SwapHead { get; init; }

    public required DecodingRequest Request { get; init; }

    /// <summary>Whether the prompt was a conversation.</summary>
    public bool IsChat { get; init; }

    /// <summary>What applies after calibration; null in modes without one.</summary>
    public required float? Threshold { get; init; }

    /// <summary>Tokens that every cache must have room for.</summary>
    public int ReservedTokens => (int)Math.Min((long)Request.Prompt.Length + Request.MaxNewTokens, Request.MaxSequenceTokens);

    /// <summary>Names of the experts that take part.</summary>
    public IEnumerable<string> ExpertNames => Request.Mode == DecodingMode.BaseOnly ? [] : Experts.Select(expert => expert.Name);

    /// <summary>What each session with an expert is opened with.</summary>
    public SessionTerms TermsFor(ExpertPool expert) => new()
    {
        Model = expert.Expectation.Model,
        ModelFingerprint = expert.Expectation.ModelFingerprint,
        TokenizerFingerprint = Model.Base.TokenizerFingerprintOf(Request.UsableVocabularySize),
        UsableVocabularySize = Request.UsableVocabularySize,
        MaxSequenceTokens = ReservedTokens,
        Form = Request.Mode == DecodingMode.Compose ? Decoding.Experts.ExpertAnswerForm.Logits : Decoding.Experts.ExpertAnswerForm.Token,
        Sampling = Request.Sampling,
    };
}
