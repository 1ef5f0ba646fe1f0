using CoLlm.Decoding.Experts;
using CoLlm.Inference.Sampling;

namespace CoLlm.Router.Experts;

/// <summary>What a request wants of every session it opens with one expert.</summary>
public sealed record SessionTerms
{
    /// <summary>The model's name at the expert service.</summary>
    public required string Model { get; init; }

    /// <summary>The model the swap head was trained with; empty: any.</summary>
    public string ModelFingerprint { get; init; } = "";

    /// <summary>What the usable ids mean to the base; empty: not compared. The expert compares it with its own.</summary>
    public string TokenizerFingerprint { get; init; } = "";

    /// <summary>Ids below it mean the same to all participants.</summary>
    public required int UsableVocabularySize { get; init; }

    /// <summary>The longest the request's sequence gets.</summary>
    public required int MaxSequenceTokens { get; init; }

    /// <summary>What most questions ask for.</summary>
    public ExpertAnswerForm Form { get; init; }

    public SamplingParameters Sampling { get; init; } = SamplingParameters.Greedy;
}
