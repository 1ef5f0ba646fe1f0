using CoLlm.Expert.Sessions;
using CoLlm.Protocol.V1;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Expert.Models;

/// <summary>What a backend can answer. Refusals name it by <paramref name="Name"/>.</summary>
/// <param name="Name">For sentences, such as <c>the server at http://10.0.0.7:8000</c>.</param>
/// <param name="TopTokens">
/// How many of the most probable tokens it gives at a position; null: it gives the whole distribution, and nothing below is refused.
/// </param>
/// <param name="PositionsPerAsk">Positions it answers in one Ask.</param>
/// <param name="ScoringProblem">Why it cannot score given texts; null where it can.</param>
internal sealed record BackendLimits(string Name, int? TopTokens, int PositionsPerAsk, string? ScoringProblem)
{
    /// <summary>The forms of answer it has.</summary>
    public IReadOnlyList<AnswerForm> AnswerForms =>
        TopTokens is null ? [AnswerForm.Token, AnswerForm.TopK, AnswerForm.Logits] : [AnswerForm.Token, AnswerForm.TopK];

    /// <summary>Largest k of a top-k answer.</summary>
    public int MostTopK(SessionLimits limits) => Math.Min(limits.MaxTopK, TopTokens ?? int.MaxValue);

    /// <summary>Why answers cannot be made this way; null where they can.</summary>
    public SessionFault? Refuse(in AnswerTerms terms)
    {
        if (TopTokens is not { } most)
            return null;
        string? problem = terms.Form switch
        {
            AnswerForm.Logits => $"All logits are asked for, but {Name} gives the {most} most probable tokens of a position; ask for a token or for top-k.",
            AnswerForm.TopK when terms.TopK > most => $"top_k is {terms.TopK}, but {Name} gives the {most} most probable tokens of a position.",
            AnswerForm.Token => SamplingProblem(terms.Sampling, most),
            _ => null,
        };
        return problem is null ? null : new SessionFault(FailureReason.Unsupported, problem);
    }

    private string? SamplingProblem(SamplingParameters sampling, int most)
    {
        if (sampling.RepetitionPenalty != 1f)
            return $"A repetition penalty changes logits, but {Name} gives probabilities; sample with a repetition_penalty of 1.";
        return sampling.IsGreedy || (sampling.TopK > 0 && sampling.TopK <= most)
            ? null
            : $"A draw from all tokens is asked for, but {Name} gives the {most} most probable ones of a position; sample with a top_k of 1 to {most}.";
    }
}
