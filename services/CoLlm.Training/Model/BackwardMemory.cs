using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>Scratch of the backward pass that all layers use in turn.</summary>
internal sealed class BackwardMemory
{
    /// <summary>Gradient of a norm's output, <c>[rows, hidden]</c>.</summary>
    public FloatBlock Normed { get; private set; } = new(0);

    /// <summary>Gradient of the gated activation, <c>[rows, feedForward]</c>.</summary>
    public FloatBlock Activated { get; private set; } = new(0);

    public FloatBlock Q { get; private set; } = new(0);

    public FloatBlock K { get; private set; } = new(0);

    public FloatBlock V { get; private set; } = new(0);

    /// <summary>Gradient of the heads' outputs.</summary>
    public FloatBlock Output { get; private set; } = new(0);

    /// <summary>Makes room for a batch; content is unspecified.</summary>
    public void Reserve(ModelConfig config, int rows)
    {
        int queryWidth = config.HeadCount * config.HeadDim;
        int keyWidth = config.KeyValueHeadCount * config.HeadDim;
        Normed = FloatBlock.AtLeast(Normed, checked(rows * config.HiddenSize));
        Activated = FloatBlock.AtLeast(Activated, checked(rows * config.FeedForwardSize));
        Q = FloatBlock.AtLeast(Q, checked(rows * queryWidth));
        K = FloatBlock.AtLeast(K, rows * keyWidth);
        V = FloatBlock.AtLeast(V, rows * keyWidth);
        Output = FloatBlock.AtLeast(Output, rows * queryWidth);
    }
}
