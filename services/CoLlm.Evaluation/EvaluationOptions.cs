namespace CoLlm.Evaluation;

/// <summary>Everything that decides an evaluation, models and tasks aside.</summary>
public sealed record EvaluationOptions
{
    public const int MaxRates = 100;

    /// <summary>Target deferral rates at which Co-LLM runs, 0 to 1; each but 0 is followed by random deferral at the realised rate.</summary>
    /// <value>0, 0.1, ... 0.9</value>
    public IReadOnlyList<float> Rates { get; init; } = [0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f];

    /// <summary>Thresholds at which Co-LLM runs besides, for heads that were never calibrated.</summary>
    /// <value>None.</value>
    public IReadOnlyList<float> Thresholds { get; init; } = [];

    /// <summary>Kinds of systems to run, such as <c>collm</c> and <c>random</c>; empty: all that the models allow.</summary>
    /// <value>All.</value>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <value>256</value>
    public int MaxNewTokens { get; init; } = 256;

    /// <summary>Questions answered at once; no answer depends on it.</summary>
    /// <value>8</value>
    public int Concurrency { get; init; } = 8;

    /// <summary>Compute threads of each model; 0: as many as there are processors.</summary>
    /// <value>0</value>
    public int ThreadCount { get; init; }

    /// <summary>Of random deferral.</summary>
    /// <value>1</value>
    public ulong RandomSeed { get; init; } = 1;

    /// <exception cref="EvaluationException">One sentence about the first value that is out of bounds.</exception>
    public void Validate()
    {
        string[] kinds = ["base", "finetuned", "expert", "collm", "random", "more-confident", "contrastive", "proxy"];
        if (Rates.Count + Thresholds.Count > MaxRates)
            throw new EvaluationException($"There are {Rates.Count + Thresholds.Count} rates and thresholds; at most {MaxRates} are allowed.");
        if (Rates.FirstOrDefault(rate => rate is not (>= 0 and <= 1), -2f) is var wrong and not -2f)
            throw new EvaluationException($"The deferral rate {wrong} is outside 0 to 1.");
        if (Thresholds.FirstOrDefault(threshold => !float.IsFinite(threshold), 0f) is var broken && !float.IsFinite(broken))
            throw new EvaluationException($"The threshold {broken} is not a finite number.");
        if (Rates.Distinct().Count() + Thresholds.Distinct().Count() != Rates.Count + Thresholds.Count)
            throw new EvaluationException("A rate or threshold is given twice.");
        if (Kinds.FirstOrDefault(kind => !kinds.Contains(kind)) is { } unknown)
            throw new EvaluationException($"There is no kind of system '{unknown}'; there are {string.Join(", ", kinds)}.");
        if (Kinds.Contains("random") && !Kinds.Contains("collm"))
            throw new EvaluationException("Random deferral takes its rate from collm; choose both.");
        if (MaxNewTokens is < 1 or > 1 << 16)
            throw new EvaluationException($"The longest answer is {MaxNewTokens} tokens; 1 to 65536 are allowed.");
        if (Concurrency is < 1 or > 64)
            throw new EvaluationException($"{Concurrency} questions at once is outside 1 to 64.");
    }
}
