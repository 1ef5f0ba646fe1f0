using CoLlm.Decoding;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>What several answers have cost together.</summary>
/// <param name="Deferrals">Questions to the expert.</param>
/// <param name="Tokens">Written.</param>
/// <param name="Positions">Prompts and answers: what must be computed at least once.</param>
/// <param name="Bytes">Between base and expert, both ways.</param>
/// <param name="ExpertPasses">Forward passes of the expert.</param>
/// <param name="ExpertPositions">Positions they computed.</param>
/// <param name="BasePositions">Positions that the base computed.</param>
internal sealed record AnswerCosts(
    double Deferrals, double Tokens, double Positions, double Bytes, double ExpertPasses, double ExpertPositions, double BasePositions)
{
    public static AnswerCosts Of(IReadOnlyList<RouterAnswer> answers) => new(
        answers.Sum(answer => answer.Expert.CallCount),
        answers.Sum(answer => answer.Tokens.Count),
        answers.Sum(answer => answer.Prompt.Length + answer.Tokens.Count),
        answers.Sum(answer => answer.Expert.BytesUp + answer.Expert.BytesDown),
        answers.Sum(answer => answer.Expert.PassCount),
        answers.Sum(answer => answer.Expert.ComputedTokenCount),
        answers.Sum(answer => answer.Summary.BaseComputedTokenCount));

    public static AnswerCosts Of(IReadOnlyList<DecodingSummary> answers) => new(
        answers.Sum(answer => answer.Experts[0].CallCount),
        answers.Sum(answer => answer.TokenCount),
        answers.Sum(answer => answer.PromptTokenCount + answer.TokenCount),
        answers.Sum(answer => answer.Experts[0].Cost.BytesUp + answer.Experts[0].Cost.BytesDown),
        answers.Sum(answer => answer.Experts[0].Cost.PassCount),
        answers.Sum(answer => answer.Experts[0].Cost.ComputedTokenCount),
        answers.Sum(answer => answer.BaseComputedTokenCount));
}
