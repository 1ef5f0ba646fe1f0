using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Experts;

/// <summary>How much of its distribution the expert is asked for.</summary>
public enum ExpertAnswerForm
{
    /// <summary>One token, drawn by the expert.</summary>
    Token,

    /// <summary>All logits of the usable vocabulary.</summary>
    Logits,
}

/// <summary>One question to an expert.</summary>
/// <param name="Form">What to answer.</param>
/// <param name="Sampling">How to draw, for <see cref="ExpertAnswerForm.Token"/>; the same in all questions of a request.</param>
/// <param name="Patience">
/// How long to wait for an expert that is not there; zero gives up as soon as it is known that none will answer.
/// </param>
public readonly record struct ExpertQuestion(ExpertAnswerForm Form, SamplingParameters Sampling, TimeSpan Patience);
