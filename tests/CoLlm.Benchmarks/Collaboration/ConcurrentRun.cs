using CoLlm.Inference.Models;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Several answers written at the same time.</summary>
/// <param name="Alone">One that was written just before, by itself.</param>
/// <param name="Answers">All of them.</param>
/// <param name="Base">What the base's engine did meanwhile.</param>
/// <param name="Expert">What the expert's engine did meanwhile.</param>
/// <param name="Time">From the first request to the last token.</param>
internal sealed record ConcurrentRun(RouterAnswer Alone, IReadOnlyList<RouterAnswer> Answers, EngineWork Base, EngineWork Expert, TimeSpan Time)
{
    public double TokensPerSecondAlone => Alone.Tokens.Count / Alone.Time.TotalSeconds;

    public double TokensPerSecond => Answers.Sum(answer => answer.Tokens.Count) / Time.TotalSeconds;

    /// <summary>Tokens per second if the expert did nothing but multiply and add, at a peak in operations per second.</summary>
    public double Bound(ModelConfig expert, double peak) => Answers.Sum(answer => answer.Tokens.Count) * peak
        / ModelPair.Operations(expert, Answers.Sum(answer => answer.Expert.ComputedTokenCount), Answers.Sum(answer => answer.Expert.CallCount));

    public double SessionsPerPass => (double)Answers.Sum(answer => answer.Expert.PassCount) / Expert.Steps;
}
