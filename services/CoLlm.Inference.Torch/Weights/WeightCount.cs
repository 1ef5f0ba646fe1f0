using CoLlm.Inference.Models;

namespace CoLlm.Inference.Torch.Weights;

/// <summary>How many weights a model has.</summary>
internal static class WeightCount
{
    public static long Of(ModelConfig config)
    {
        long hidden = config.HiddenSize;
        long heads = config.HeadCount * (long)config.HeadDim;
        long projected = heads + (2L * config.KeyValueHeadCount * config.HeadDim);
        long layer = (hidden * (projected + heads)) + (3 * hidden * config.FeedForwardSize) + (2 * hidden)
            + (config.HasProjectionBias ? projected : 0)
            + (config.HasQueryKeyNorm ? 2 * config.HeadDim : 0);
        return (layer * config.LayerCount) + hidden + (config.VocabularySize * hidden * (config.TiesEmbeddings ? 1 : 2));
    }
}
