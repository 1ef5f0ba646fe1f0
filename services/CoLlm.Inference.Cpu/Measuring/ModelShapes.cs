using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Measuring;

/// <summary>Sizes of well-known Llama models, for measuring without a checkpoint.</summary>
public static class ModelShapes
{
    private static readonly Dictionary<string, int[]> Sizes = new(StringComparer.Ordinal)
    {
        ["100m"] = [768, 12, 12, 4, 2048],
        ["1b"] = [2048, 22, 32, 4, 5632],
        ["3b"] = [3072, 28, 24, 8, 8192],
        ["8b"] = [4096, 32, 32, 8, 14336],
    };

    public static IReadOnlyCollection<string> Names => Sizes.Keys;

    /// <summary>Finds a shape; null where there is none of that name.</summary>
    public static ModelConfig? Find(string name)
    {
        if (!Sizes.TryGetValue(name, out int[]? sizes))
            return null;
        return new ModelConfig
        {
            Architecture = ModelArchitecture.Llama,
            HiddenSize = sizes[0],
            LayerCount = sizes[1],
            HeadCount = sizes[2],
            KeyValueHeadCount = sizes[3],
            HeadDim = sizes[0] / sizes[2],
            FeedForwardSize = sizes[4],
            VocabularySize = 32000,
            MaxPositionCount = 8192,
            RmsNormEpsilon = 1e-5f,
            RopeTheta = 10000,
            TiesEmbeddings = false,
            EosTokenIds = [2],
        };
    }
}
