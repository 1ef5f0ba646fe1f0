using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Base;

/// <summary>The base model's side of one request: its sequence, advanced one step at a time. Used by one caller at a time.</summary>
public interface IBaseSession
{
    /// <summary>Appends tokens to the sequence and computes what follows the last of them.</summary>
    /// <param name="tokenIds">At least one token.</param>
    /// <param name="reduction">
    /// What is wanted of the logits: a drawn token, or themselves. A base may always give the logits, for the caller to draw from.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the sequence is unusable afterwards.</param>
    /// <returns>A result whose buffers stay valid until the next call.</returns>
    ValueTask<BaseStep> AdvanceAsync(ReadOnlyMemory<int> tokenIds, OutputReduction reduction, CancellationToken cancellationToken);
}

/// <summary>How a step of the base model ended.</summary>
public enum BaseOutcome
{
    Computed,

    /// <summary>The model produced NaN or infinity.</summary>
    NonFiniteLogits,

    /// <summary>The device failed while it computed the step.</summary>
    BackendFault,

    /// <summary>The engine is stopping.</summary>
    EngineStopped,
}

/// <summary>What the base model says about the next position.</summary>
/// <param name="Outcome">The other values hold where it is <see cref="BaseOutcome.Computed"/>.</param>
/// <param name="Logits">Raw logits, at least the usable vocabulary; empty where the token is drawn. <c>[vocabulary]</c></param>
/// <param name="HiddenState">Hidden state after the final norm. <c>[hidden]</c></param>
public readonly record struct BaseStep(BaseOutcome Outcome, ReadOnlyMemory<float> Logits, ReadOnlyMemory<float> HiddenState)
{
    /// <summary>The token that was drawn where the logits are; null where the caller draws from them.</summary>
    public SampledToken? Drawn { get; init; }

    /// <summary>True where the base has run: there is a token or logits to draw it from.</summary>
    public bool HasToken => Drawn is not null || !Logits.IsEmpty;

    public static BaseStep Failed(BaseOutcome outcome) => new(outcome, default, default);
}
