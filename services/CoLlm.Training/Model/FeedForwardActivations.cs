using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>What one feed-forward block's forward pass keeps for its gradient.</summary>
internal sealed class FeedForwardActivations
{
    /// <summary>The block's input on the residual stream, <c>[rows, hidden]</c>.</summary>
    public FloatBlock Input { get; private set; } = new(0);

    public FloatBlock Normed { get; private set; } = new(0);

    public FloatBlock Scales { get; private set; } = new(0);

    /// <summary><c>[rows, feedForward]</c>; the backward pass replaces it by its gradient.</summary>
    public FloatBlock Gate { get; private set; } = new(0);

    /// <summary>As <see cref="Gate"/>.</summary>
    public FloatBlock Up { get; private set; } = new(0);

    public FloatBlock Activated { get; private set; } = new(0);

    /// <summary>Makes room for a batch; content is unspecified.</summary>
    public void Reserve(ModelConfig config, int rows)
    {
        Input = FloatBlock.AtLeast(Input, checked(rows * config.HiddenSize));
        Normed = FloatBlock.AtLeast(Normed, rows * config.HiddenSize);
        Scales = FloatBlock.AtLeast(Scales, rows);
        Gate = FloatBlock.AtLeast(Gate, checked(rows * config.FeedForwardSize));
        Up = FloatBlock.AtLeast(Up, rows * config.FeedForwardSize);
        Activated = FloatBlock.AtLeast(Activated, rows * config.FeedForwardSize);
    }
}
