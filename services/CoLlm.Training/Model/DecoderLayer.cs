using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>One decoder layer with its parameters under their Hugging Face names.</summary>
internal sealed class DecoderLayer
{
    public DecoderLayer(ModelConfig config, int index, RotaryTable rotary)
    {
        string stem = $"model.layers.{index}.";
        int queryWidth = config.HeadCount * config.HeadDim;
        int keyWidth = config.KeyValueHeadCount * config.HeadDim;
        AttentionShape shape = new(config.HeadCount, config.KeyValueHeadCount, config.HeadDim, config.SlidingWindow ?? int.MaxValue);
        Attention = new AttentionBlock(
            shape,
            NewNorm(stem + "input_layernorm", config.HiddenSize, config),
            NewProjection(stem + "self_attn.q_proj", queryWidth, config.HiddenSize, config.HasProjectionBias),
            NewProjection(stem + "self_attn.k_proj", keyWidth, config.HiddenSize, config.HasProjectionBias),
            NewProjection(stem + "self_attn.v_proj", keyWidth, config.HiddenSize, config.HasProjectionBias),
            NewProjection(stem + "self_attn.o_proj", config.HiddenSize, queryWidth),
            rotary)
        {
            QueryNorm = config.HasQueryKeyNorm ? NewNorm(stem + "self_attn.q_norm", config.HeadDim, config) : null,
            KeyNorm = config.HasQueryKeyNorm ? NewNorm(stem + "self_attn.k_norm", config.HeadDim, config) : null,
        };
        FeedForward = new FeedForwardBlock(
            NewNorm(stem + "post_attention_layernorm", config.HiddenSize, config),
            NewProjection(stem + "mlp.gate_proj", config.FeedForwardSize, config.HiddenSize),
            NewProjection(stem + "mlp.up_proj", config.FeedForwardSize, config.HiddenSize),
            NewProjection(stem + "mlp.down_proj", config.HiddenSize, config.FeedForwardSize));
    }

    public AttentionBlock Attention { get; }

    public FeedForwardBlock FeedForward { get; }

    public IEnumerable<Parameter> Parameters => Attention.Parameters.Concat(FeedForward.Parameters);

    public IEnumerable<Projection> Projections => Attention.Projections.Concat(FeedForward.Projections);

    /// <summary>Makes room for a batch.</summary>
    public void Reserve(ModelConfig config, int rows)
    {
        Attention.Activations.Reserve(config, rows);
        FeedForward.Activations.Reserve(config, rows);
    }

    /// <summary>Reads the attention block's input and writes the residual stream after the layer.</summary>
    public void Forward(ComputeContext compute, PackedBatch batch, FloatBlock result)
    {
        Attention.Forward(compute, batch, FeedForward.Activations.Input);
        FeedForward.Forward(compute, batch.RowCount, result);
    }

    /// <summary>Turns the gradient after the layer into that before it, in place.</summary>
    public void Backward(ComputeContext compute, PackedBatch batch, BackwardMemory memory, FloatBlock gradient)
    {
        FeedForward.Backward(compute, batch.RowCount, memory, gradient);
        Attention.Backward(compute, batch, memory, gradient);
    }

    internal static Norm NewNorm(string name, int width, ModelConfig config) => new(new Parameter(name + ".weight", width), config.RmsNormEpsilon);

    private static Projection NewProjection(string name, int outputSize, int inputSize, bool hasBias = false) =>
        new(new Parameter(name + ".weight", outputSize, inputSize), hasBias ? new Parameter(name + ".bias", outputSize) : null);
}
