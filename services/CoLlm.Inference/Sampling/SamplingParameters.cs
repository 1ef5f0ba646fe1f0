namespace CoLlm.Inference.Sampling;

/// <summary>
/// How one token is drawn from a distribution: validated once at the door, never checked again. Steps apply in this order:
/// repetition penalty, temperature, top-k, top-p, min-p.
/// </summary>
public sealed record SamplingParameters
{
    public const float MaxTemperature = 100f;
    public const float MaxRepetitionPenalty = 100f;

    /// <summary>A much smaller one would make logits infinite.</summary>
    public const float MinRepetitionPenalty = 0.01f;

    private SamplingParameters()
    {
    }

    /// <summary>The most probable token, the lowest id where several are.</summary>
    public static SamplingParameters Greedy { get; } = new();

    /// <value>Divides the logits; zero means greedy, and then top-k, top-p, min-p and the seed have no effect. Default 0.</value>
    public float Temperature { get; private init; }

    /// <value>Only this many of the most probable tokens may be drawn; zero means all. Default 0.</value>
    public int TopK { get; private init; }

    /// <value>
    /// Only the smallest set of most probable tokens whose probabilities reach this sum may be drawn; 1 means all. Default 1.
    /// </value>
    public float TopP { get; private init; } = 1f;

    /// <value>Only tokens at least this fraction as probable as the most probable one may be drawn; zero means all. Default 0.</value>
    public float MinP { get; private init; }

    /// <value>
    /// Logits of tokens that the prefix (prompt included) already has are divided by it where positive and multiplied where
    /// negative; 1 means untouched. Default 1.
    /// </value>
    public float RepetitionPenalty { get; private init; } = 1f;

    /// <value>Together with the position it determines the draw, whatever the batch and however often it is repeated.</value>
    public ulong Seed { get; private init; }

    public bool IsGreedy => Temperature == 0f;

    /// <summary>Checks every value; <paramref name="problem"/> is one sentence naming the first that is out of bounds.</summary>
    /// <returns>Null where a value is out of bounds.</returns>
    public static SamplingParameters? TryCreate(
        float temperature, int topK, float topP, float minP, float repetitionPenalty, ulong seed, out string? problem)
    {
        problem = Problem("temperature", temperature, temperature is >= 0f and <= MaxTemperature, $"0 to {MaxTemperature}")
            ?? Problem("top_k", topK, topK >= 0, "0 or more")
            ?? Problem("top_p", topP, topP is > 0f and <= 1f, "above 0 and at most 1")
            ?? Problem("min_p", minP, minP is >= 0f and <= 1f, "0 to 1")
            ?? Problem("repetition_penalty", repetitionPenalty, repetitionPenalty is >= MinRepetitionPenalty and <= MaxRepetitionPenalty,
                $"{MinRepetitionPenalty} to {MaxRepetitionPenalty}");
        if (problem is not null)
            return null;
        return new SamplingParameters
        {
            Temperature = temperature,
            TopK = topK,
            TopP = topP,
            MinP = minP + 0f, // turns negative zero, whose bits would sort above every weight, into zero
            RepetitionPenalty = repetitionPenalty,
            Seed = seed,
        };
    }

    /// <summary>As <see cref="TryCreate"/>, for values that the program itself chose.</summary>
    /// <exception cref="ArgumentException">A value is out of bounds.</exception>
    public static SamplingParameters Create(
        float temperature = 0f, int topK = 0, float topP = 1f, float minP = 0f, float repetitionPenalty = 1f, ulong seed = 0) =>
        TryCreate(temperature, topK, topP, minP, repetitionPenalty, seed, out string? problem) ?? throw new ArgumentException(problem);

    private static string? Problem(string name, float value, bool isInBounds, string bounds) =>
        isInBounds ? null : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} is {value}; it must be {bounds}.");
}
