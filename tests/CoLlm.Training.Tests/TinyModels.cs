using CoLlm.Inference.Models;
using CoLlm.Training.Model;

namespace CoLlm.Training.Tests;

/// <summary>Models of a few thousand parameters whose sizes fit no tile, and sequences for them.</summary>
internal static class TinyModels
{
    public const int Vocabulary = 37;

    public static ModelConfig Llama { get; } = new()
    {
        Architecture = ModelArchitecture.Llama,
        HiddenSize = 20,
        LayerCount = 2,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        HeadDim = 6,
        FeedForwardSize = 28,
        VocabularySize = Vocabulary,
        MaxPositionCount = 256,
        RmsNormEpsilon = 1e-5f,
        RopeTheta = 10_000,
        TiesEmbeddings = false,
        EosTokenIds = [],
    };

    public static ModelConfig Qwen2 { get; } = Llama with { Architecture = ModelArchitecture.Qwen2, HasProjectionBias = true, TiesEmbeddings = true };

    public static ModelConfig Qwen3 { get; } = Llama with { Architecture = ModelArchitecture.Qwen3, HasQueryKeyNorm = true };

    public static ModelConfig Mistral { get; } = Llama with
    {
        Architecture = ModelArchitecture.Mistral,
        SlidingWindow = 5,
        RopeScaling = new Llama3RopeScaling(8, 1, 4, 64),
    };

    public static ModelConfig Named(string name) => name switch
    {
        nameof(Llama) => Llama,
        nameof(Qwen2) => Qwen2,
        nameof(Qwen3) => Qwen3,
        _ => Mistral,
    };

    /// <summary>Weights large enough that every part of the model matters.</summary>
    public static TrainableModel Lively(ModelConfig config, ulong seed = 11)
    {
        TrainableModel model = new(config);
        SeededRandom random = new(seed);
        foreach (Parameter parameter in model.Parameters)
        {
            bool isNorm = parameter.Name.EndsWith("norm.weight", StringComparison.Ordinal);
            foreach (ref float value in parameter.Value.Span)
                value = (isNorm ? 1 : 0) + (0.3f * random.NextNormal());
        }

        return model;
    }

    public static TrainingSequence[] Sequences(int expertCount, ulong seed = 5, params int[] lengths)
    {
        SeededRandom random = new(seed);
        return [.. lengths.Select(length => new TrainingSequence(
            [.. Enumerable.Range(0, length).Select(_ => random.NextIndex(Vocabulary))],
            [.. Enumerable.Range(0, length - 1).Select(_ => random.NextIndex(4) > 0)],
            [.. Enumerable.Range(0, expertCount).Select(_ => Enumerable.Range(0, length - 1).Select(_ => (float)(-6 * random.NextDouble())).ToArray())]))];
    }

    public static Parameter Theta(int expertCount, ulong seed = 3)
    {
        Parameter theta = new("theta", expertCount, Llama.HiddenSize);
        SeededRandom random = new(seed);
        foreach (ref float value in theta.Value.Span)
            value = 0.3f * random.NextNormal();
        return theta;
    }
}
