using CoLlm.Inference.Models;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Weights;

/// <summary>Brings a layer's tensors to the device, those side by side that are multiplied with the same input.</summary>
internal sealed class LayerReader(WeightStream stream, ModelConfig config, TensorBag bag)
{
    private readonly long _queryWidth = config.HeadCount * (long)config.HeadDim;
    private readonly long _keyWidth = config.KeyValueHeadCount * (long)config.HeadDim;

    public TorchLayer Read(int layer)
    {
        string prefix = $"model.layers.{layer}.";
        string attention = prefix + "self_attn.";
        string feedForward = prefix + "mlp.";
        return new TorchLayer
        {
            InputNorm = PairedNorm(prefix + "input_layernorm.weight"),
            QueryKeyValue = Transposed(stream.Matrix(
                config.HiddenSize,
                (attention + "q_proj.weight", _queryWidth),
                (attention + "k_proj.weight", _keyWidth),
                (attention + "v_proj.weight", _keyWidth))),
            QueryKeyValueBias = config.HasProjectionBias ? Bias(attention) : null,
            HeadNorm = config.HasQueryKeyNorm ? HeadNorm(attention) : null,
            AttentionOutput = Transposed(stream.Matrix(_queryWidth, (attention + "o_proj.weight", config.HiddenSize))),
            PostAttentionNorm = PairedNorm(prefix + "post_attention_layernorm.weight"),
            GateUp = Transposed(stream.Matrix(
                config.HiddenSize, (feedForward + "gate_proj.weight", config.FeedForwardSize), (feedForward + "up_proj.weight", config.FeedForwardSize))),
            Down = Transposed(stream.Matrix(config.FeedForwardSize, (feedForward + "down_proj.weight", config.HiddenSize))),
        };
    }

    /// <summary>A norm's weights over a row of ones, which <see cref="Forward.RootMeanSquare"/> needs. <c>[2, hidden]</c></summary>
    public Tensor PairedNorm(string name)
    {
        using var scope = NewDisposeScope();
        Tensor weights = stream.Vector((name, config.HiddenSize));
        return bag.Keep(stack([weights, ones_like(weights)]));
    }

    private Tensor Transposed(Tensor matrix) => bag.Keep(matrix.t());

    private Tensor Bias(string attention) =>
        stream.Vector((attention + "q_proj.bias", _queryWidth), (attention + "k_proj.bias", _keyWidth), (attention + "v_proj.bias", _keyWidth));

    /// <summary>The query norm's weights once for each query head, then the key norm's for each key head.</summary>
    private Tensor HeadNorm(string attention)
    {
        using var scope = NewDisposeScope();
        Tensor query = stream.Vector((attention + "q_norm.weight", config.HeadDim)).unsqueeze(0).expand(config.HeadCount, config.HeadDim);
        Tensor key = stream.Vector((attention + "k_norm.weight", config.HeadDim)).unsqueeze(0).expand(config.KeyValueHeadCount, config.HeadDim);
        return bag.Keep(cat([query, key], 0));
    }
}
