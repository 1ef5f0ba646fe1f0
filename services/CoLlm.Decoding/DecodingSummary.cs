using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;

namespace CoLlm.Decoding;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The end-of-sequence token of any participant.</summary>
    EndOfSequence,

    /// <summary>One of the request's stop ids.</summary>
    StopToken,

    /// <summary>One of the request's stop strings.</summary>
    StopString,

    MaxTokens,

    /// <summary>The longest sequence that every participant can hold.</summary>
    ContextFull,

    /// <summary>An expert was needed and did not answer.</summary>
    ExpertUnavailable,

    /// <summary>The host is stopping and its patience is over.</summary>
    Shutdown,

    /// <summary>The base model could not go on.</summary>
    BaseFailed,
}

/// <summary>What an answer was made of, and what it cost.</summary>
public sealed record DecodingSummary
{
    public required FinishReason FinishReason { get; init; }

    /// <summary>For <see cref="FinishReason.StopString"/>.</summary>
    public string? StopString { get; init; }

    /// <summary>How the expert failed, for <see cref="FinishReason.ExpertUnavailable"/>.</summary>
    public ExpertOutcome ExpertOutcome { get; init; }

    /// <summary>How the base failed, for <see cref="FinishReason.BaseFailed"/>.</summary>
    public Base.BaseOutcome BaseOutcome { get; init; }

    public required int PromptTokenCount { get; init; }

    public required int TokenCount { get; init; }

    public required int BaseTokenCount { get; init; }

    public required int ComposedTokenCount { get; init; }

    /// <summary>In the order in which the experts were given.</summary>
    public required IReadOnlyList<ExpertUsage> Experts { get; init; }

    public required int ContestedTokenCount { get; init; }

    /// <summary>Tokens the base wrote because no expert answered.</summary>
    public required int FallbackTokenCount { get; init; }

    /// <summary>Tokens by the reason for their origin; reasons that did not occur are absent.</summary>
    public required IReadOnlyDictionary<DeferralReason, int> Reasons { get; init; }

    public required int BaseStepCount { get; init; }

    public required int BaseComputedTokenCount { get; init; }

    public required DecodingTimes Times { get; init; }

    /// <summary>Share of the tokens that experts wrote; zero for an empty answer.</summary>
    public float RealisedDeferralRate => TokenCount == 0 ? 0f : (float)Experts.Sum(expert => expert.TokenCount) / TokenCount;
}

/// <summary>What one expert did for an answer.</summary>
/// <param name="Name">The expert.</param>
/// <param name="TokenCount">Tokens it wrote.</param>
/// <param name="CallCount">Questions asked.</param>
/// <param name="FailedCallCount">Those that brought no answer.</param>
/// <param name="Cost">What its session counted.</param>
public sealed record ExpertUsage(string Name, int TokenCount, int CallCount, int FailedCallCount, ExpertCost Cost);

/// <summary>Where an answer's time went.</summary>
/// <param name="Total">From start to the last token.</param>
/// <param name="BasePrefill">The base's step over the prompt.</param>
/// <param name="BaseDecode">All its other steps.</param>
/// <param name="ExpertWait">Waiting for experts' answers.</param>
/// <param name="ToFirstToken">From start until the first token was decided; zero where none was.</param>
public readonly record struct DecodingTimes(
    TimeSpan Total, TimeSpan BasePrefill, TimeSpan BaseDecode, TimeSpan ExpertWait, TimeSpan ToFirstToken);
