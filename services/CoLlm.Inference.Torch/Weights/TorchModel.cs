using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Weights;

/// <summary>All weights of a model on the device.</summary>
internal sealed class TorchModel : IDisposable
{
    private readonly TensorBag _bag;

    private TorchModel(ModelConfig config, ScalarType type, TensorBag bag)
    {
        Config = config;
        Type = type;
        _bag = bag;
    }

    public ModelConfig Config { get; }

    /// <summary>Format of the weights, and of everything computed with them.</summary>
    public ScalarType Type { get; }

    /// <summary><c>[vocabulary, hidden]</c></summary>
    public required Tensor Embedding { get; init; }

    public required TorchLayer[] Layers { get; init; }

    /// <summary>The norm's weights over ones. <c>[2, hidden]</c></summary>
    public required Tensor FinalNorm { get; init; }

    /// <summary>Output projection; the embedding's own memory where they are tied. <c>[hidden, vocabulary]</c></summary>
    public required Tensor Head { get; init; }

    /// <summary>Bytes of weights that a decode step reads: all, but not an embedding of its own.</summary>
    public long StepBytes { get; private init; }

    /// <summary>Streams the weights to the device.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, has a wrong shape, or holds NaN or infinity.</exception>
    public static TorchModel Load(ICheckpoint checkpoint, TorchDevice device, ComputeFormat format, IProgress<double>? progress)
    {
        ModelConfig config = checkpoint.Config;
        ScalarType type = TypeOf(format, checkpoint);
        TensorBag bag = new();
        try
        {
            using var scope = NewDisposeScope();
            using WeightStream stream = new(checkpoint, device, type, bag, progress);
            Tensor embedding = stream.Matrix(config.HiddenSize, ("model.embed_tokens.weight", config.VocabularySize));
            LayerReader reader = new(stream, config, bag);
            TorchLayer[] layers = [.. Enumerable.Range(0, config.LayerCount).Select(reader.Read)];
            Tensor finalNorm = reader.PairedNorm("model.norm.weight");
            Tensor head = config.TiesEmbeddings ? embedding : stream.Matrix(config.HiddenSize, ("lm_head.weight", config.VocabularySize));
            return new TorchModel(config, type, bag)
            {
                Embedding = embedding,
                Layers = layers,
                FinalNorm = finalNorm,
                Head = bag.Keep(head.t()),
                StepBytes = stream.DeviceBytes - (config.TiesEmbeddings ? 0 : embedding.NumberOfElements * embedding.ElementSize),
            };
        }
        catch
        {
            bag.Dispose();
            throw;
        }
    }

    public void Dispose() => _bag.Dispose();

    private static ScalarType TypeOf(ComputeFormat format, ICheckpoint checkpoint)
    {
        ModelConfig config = checkpoint.Config;
        return format switch
        {
            ComputeFormat.Float32 => ScalarType.Float32,
            ComputeFormat.Float16 => ScalarType.Float16,
            ComputeFormat.BFloat16 => ScalarType.BFloat16,
            _ => WeightStream.TypeOf(
                checkpoint.GetTensor("model.layers.0.mlp.down_proj.weight", config.HiddenSize, config.FeedForwardSize).ElementType),
        };
    }
}
