namespace CoLlm.Inference.Models;

/// <summary>The decoder-only architectures the engine runs; each differs from Llama by the features named here.</summary>
public enum ModelArchitecture
{
    /// <summary>Llama 1, 2, 3 and everything built like them.</summary>
    Llama,

    /// <summary>Llama with an optional sliding attention window.</summary>
    Mistral,

    /// <summary>Llama with biases on the query, key and value projections.</summary>
    Qwen2,

    /// <summary>Llama with RMS norms on every query and key head.</summary>
    Qwen3,
}

/// <summary>
/// The validated content of a checkpoint's <c>config.json</c>: every size is positive, divides where it must and fits the
/// others, so nobody checks it again.
/// </summary>
public sealed record ModelConfig
{
    public required ModelArchitecture Architecture { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    public required int LayerCount { get; init; }

    /// <summary>Query heads per layer; a multiple of <see cref="KeyValueHeadCount"/>.</summary>
    public required int HeadCount { get; init; }

    public required int KeyValueHeadCount { get; init; }

    /// <summary>Width of one head; not always <c>HiddenSize / HeadCount</c>. Even, because rotary embedding pairs halves.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Width of the gated feed-forward layer.</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>Rows of the embedding and of the output projection, padding and special rows included.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    public required int MaxPositionCount { get; init; }

    public required float RmsNormEpsilon { get; init; }

    public required double RopeTheta { get; init; }

    /// <summary>Null: rotary frequencies as they are.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Null: full attention. Otherwise position i attends to j with <c>i - SlidingWindow &lt; j &lt;= i</c>.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>True: the output projection is the embedding; the checkpoint has no <c>lm_head.weight</c>.</summary>
    public required bool TiesEmbeddings { get; init; }

    /// <summary>True: <c>q_proj</c>, <c>k_proj</c> and <c>v_proj</c> have biases.</summary>
    public bool HasProjectionBias { get; init; }

    /// <summary>True: <c>q_norm</c> and <c>k_norm</c> are applied per head before the rotary embedding.</summary>
    public bool HasQueryKeyNorm { get; init; }

    public int? BosTokenId { get; init; }

    /// <summary>Ids that end an answer, from <c>generation_config.json</c> where it names any, else from <c>config.json</c>; may be empty.</summary>
    public required IReadOnlyList<int> EosTokenIds { get; init; }
}

/// <summary>How rotary frequencies are stretched to longer contexts.</summary>
public abstract record RopeScaling;

/// <summary>Every position is divided by <paramref name="Factor"/> (<c>rope_type</c> linear).</summary>
public sealed record LinearRopeScaling(double Factor) : RopeScaling;

/// <summary>
/// Long wavelengths are stretched by <paramref name="Factor"/>, short ones kept, those between blended (<c>rope_type</c> llama3).
/// </summary>
public sealed record Llama3RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositionCount)
    : RopeScaling;
