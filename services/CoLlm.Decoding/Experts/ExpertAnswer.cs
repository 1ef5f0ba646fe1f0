using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Experts;

/// <summary>How a question to an expert ended.</summary>
public enum ExpertOutcome
{
    Answered,

    /// <summary>No replica can be reached.</summary>
    Unavailable,

    /// <summary>Replicas are there and refuse more work.</summary>
    Overloaded,

    /// <summary>A replica took the question and did not answer in time.</summary>
    DeadlineExceeded,

    /// <summary>The expert's prefix differs from the history, and opening a new session did not mend it.</summary>
    PrefixMismatch,

    /// <summary>The expert does not fit: model, tokenizer, vocabulary, protocol version or form of answer.</summary>
    Unsupported,
}

/// <summary>An expert's answer, or why there is none.</summary>
/// <param name="Outcome">The other values hold where it is <see cref="ExpertOutcome.Answered"/>.</param>
/// <param name="Token">For <see cref="ExpertAnswerForm.Token"/>.</param>
/// <param name="Logits">
/// For <see cref="ExpertAnswerForm.Logits"/>: half precision, shifted so that the largest is zero, whether or not they crossed a
/// wire; so one process and two decode alike. <c>[usable vocabulary]</c>
/// </param>
public readonly record struct ExpertAnswer(ExpertOutcome Outcome, SampledToken Token, ReadOnlyMemory<Half> Logits)
{
    public static ExpertAnswer Of(SampledToken token) => new(ExpertOutcome.Answered, token, default);

    public static ExpertAnswer Of(ReadOnlyMemory<Half> logits) => new(ExpertOutcome.Answered, default, logits);

    public static ExpertAnswer Failed(ExpertOutcome outcome) => new(outcome, default, default);
}

/// <summary>What a request wants where a token is deferred and no expert answers.</summary>
public enum WhenExpertUnavailable
{
    /// <summary>End the answer.</summary>
    Fail,

    /// <summary>Wait up to the request's patience, then end the answer.</summary>
    Wait,

    /// <summary>Let the base write the token, marked and counted.</summary>
    Base,
}
