using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding;

/// <summary>How base and experts work together on a request.</summary>
public enum DecodingMode
{
    /// <summary>Each token by the base or, where the policy says so, by one expert.</summary>
    Defer,

    /// <summary>Each token from the mixture of base and experts, weighted by the swap head.</summary>
    Compose,

    /// <summary>The base alone; no expert is opened.</summary>
    BaseOnly,

    /// <summary>The first expert alone; the base is not run.</summary>
    ExpertOnly,

    /// <summary>Base and first expert both, at every token; the one more sure of its token writes. A baseline.</summary>
    MoreConfident,
}

/// <summary>Everything that decides one answer, models aside.</summary>
public sealed record DecodingRequest
{
    /// <value>At least one token, all inside the usable vocabulary.</value>
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <value>Most tokens to write; at least one.</value>
    public required int MaxNewTokens { get; init; }

    /// <value>The longest sequence that every participant can hold. Default: no bound besides <see cref="MaxNewTokens"/>.</value>
    public int MaxSequenceTokens { get; init; } = int.MaxValue;

    /// <value>Ids below this mean the same to all participants; others are never emitted and take no part in any probability.</value>
    public required int UsableVocabularySize { get; init; }

    public DecodingMode Mode { get; init; }

    /// <value>Who writes, in <see cref="DecodingMode.Defer"/>. Default: never defer.</value>
    public DeferralPolicy Policy { get; init; } = new ThresholdPolicy(1f);

    public SamplingParameters Sampling { get; init; } = SamplingParameters.Greedy;

    public StopConditions Stop { get; init; } = StopConditions.None;

    public WhenExpertUnavailable WhenExpertUnavailable { get; init; }

    /// <value>Longest wait for one token, with <see cref="WhenExpertUnavailable.Wait"/>.</value>
    public TimeSpan ExpertPatience { get; init; }

    public ContestedRule Contested { get; init; } = new(ContestedRule.DefaultMargin);

    /// <summary>One sentence naming the first value that is out of bounds, or null.</summary>
    /// <param name="expertCount">Experts that take part.</param>
    /// <param name="hasSwapHead">Whether there is one.</param>
    public string? FindProblem(int expertCount, bool hasSwapHead)
    {
        if (Prompt.IsEmpty)
            return "The prompt has no token.";
        if (MaxNewTokens < 1)
            return $"max_new_tokens is {MaxNewTokens}; it must be at least 1.";
        if (Prompt.Length >= MaxSequenceTokens)
            return $"The prompt has {Prompt.Length} tokens; a sequence has at most {MaxSequenceTokens}, and one must be left to write.";
        foreach (int tokenId in Prompt.Span)
        {
            if ((uint)tokenId >= (uint)UsableVocabularySize)
                return $"The prompt has token id {tokenId}; the models share the ids 0 to {UsableVocabularySize - 1}.";
        }

        if (Mode is DecodingMode.ExpertOnly or DecodingMode.MoreConfident or DecodingMode.Compose && expertCount == 0)
            return "The mode needs an expert, and the model has none.";
        return Mode == DecodingMode.Compose && !hasSwapHead ? "Composing needs a swap head, and the model has none." : null;
    }
}
