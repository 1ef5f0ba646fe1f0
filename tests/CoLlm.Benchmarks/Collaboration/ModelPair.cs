using CoLlm.Inference.Cpu;
using CoLlm.Inference.Models;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>The shapes of a base and its expert, and how much of them is measured.</summary>
/// <param name="Name">What <c>--pair</c> calls it.</param>
/// <param name="Title">What the report calls it.</param>
/// <param name="Base">The base model.</param>
/// <param name="Expert">The expert.</param>
/// <param name="Weights">What both are computed with; the files hold bfloat16.</param>
/// <param name="Rounds">Interleaved rounds of one answer each.</param>
/// <param name="ResearchAnswers">Answers decoded as the research code does, which take far longer.</param>
/// <param name="ConcurrentRounds">Rounds of answers written at the same time.</param>
/// <param name="ConcurrentWarmUp">
/// Rounds before them. Before the runtime has compiled all of it for good, tiny models' answers at the same time are up to a quarter slower.
/// </param>
internal sealed record ModelPair(
    string Name, string Title, ModelConfig Base, ModelConfig Expert, WeightFormat Weights, int Rounds, int ResearchAnswers, int ConcurrentRounds, int ConcurrentWarmUp)
{
    public const int VocabularySize = 32000;

    /// <summary>Passes of one to five milliseconds: what the services add shows most.</summary>
    public static ModelPair Small { get; } = new(
        "small", "Small pair", Shape(256, layers: 6, heads: 4, keyValueHeads: 2, feedForward: 704),
        Shape(512, layers: 8, heads: 8, keyValueHeads: 4, feedForward: 1408), WeightFormat.AsStored, Rounds: 21, ResearchAnswers: 3, ConcurrentRounds: 11, ConcurrentWarmUp: 4);

    /// <summary>What runs on a laptop: the sizes of SmolLM2-135M and SmolLM2-360M, which share a tokenizer, in 8 bits.</summary>
    public static ModelPair Laptop { get; } = new(
        "laptop", "Laptop pair", Shape(576, layers: 30, heads: 9, keyValueHeads: 3, feedForward: 1536),
        Shape(960, layers: 32, heads: 15, keyValueHeads: 5, feedForward: 2560), WeightFormat.Int8, Rounds: 11, ResearchAnswers: 3, ConcurrentRounds: 5, ConcurrentWarmUp: 1);

    public static IReadOnlyList<ModelPair> All { get; } = [Small, Laptop];

    /// <summary>A model whose pass takes next to nothing: what remains of a question is transport and session.</summary>
    public static ModelConfig NextToNothing { get; } = Shape(64, layers: 1, heads: 1, keyValueHeads: 1, feedForward: 128) with { VocabularySize = 512 };

    /// <summary>Parameters of a model, in millions.</summary>
    public static double Millions(ModelConfig config) => (LayerWeights(config) + (2.0 * Vocabulary(config))) / 1e6;

    /// <summary>Multiplications and additions of so many positions, and of the logits of some of them, without attention.</summary>
    public static double Operations(ModelConfig config, double positions, double outputs) =>
        2 * ((LayerWeights(config) * positions) + (Vocabulary(config) * outputs));

    /// <summary>Keys and values of so many tokens, in single precision.</summary>
    public static long KvBytes(ModelConfig config, int tokens) =>
        2L * sizeof(float) * config.LayerCount * config.KeyValueHeadCount * config.HeadDim * tokens;

    /// <summary>Parameters of all layers.</summary>
    private static double LayerWeights(ModelConfig config)
    {
        long attention = (long)config.HiddenSize * config.HeadDim * 2 * (config.HeadCount + config.KeyValueHeadCount);
        long layer = attention + (3L * config.HiddenSize * config.FeedForwardSize);
        return layer * config.LayerCount;
    }

    /// <summary>Parameters of the embeddings, and of the head.</summary>
    private static double Vocabulary(ModelConfig config) => (double)config.VocabularySize * config.HiddenSize;

    private static ModelConfig Shape(int hidden, int layers, int heads, int keyValueHeads, int feedForward) => new()
    {
        Architecture = ModelArchitecture.Llama,
        HiddenSize = hidden,
        LayerCount = layers,
        HeadCount = heads,
        KeyValueHeadCount = keyValueHeads,
        HeadDim = hidden / heads,
        FeedForwardSize = feedForward,
        VocabularySize = VocabularySize,
        MaxPositionCount = 2048,
        RmsNormEpsilon = 1e-5f,
        RopeTheta = 10_000,
        TiesEmbeddings = false,
        EosTokenIds = [2],
    };
}
