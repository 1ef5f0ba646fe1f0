using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>What one attention block's forward pass keeps for its gradient; row counts are those of the largest batch so far.</summary>
internal sealed class AttentionActivations
{
    /// <summary>The block's input on the residual stream, <c>[rows, hidden]</c>.</summary>
    public FloatBlock Input { get; private set; } = new(0);

    public FloatBlock Normed { get; private set; } = new(0);

    public FloatBlock Scales { get; private set; } = new(0);

    /// <summary>Queries as attention sees them, <c>[rows, heads, headDim]</c>.</summary>
    public FloatBlock Q { get; private set; } = new(0);

    public FloatBlock K { get; private set; } = new(0);

    public FloatBlock V { get; private set; } = new(0);

    /// <summary>Projections before the query and key norms; empty where the model has none.</summary>
    public FloatBlock RawQ { get; private set; } = new(0);

    public FloatBlock RawK { get; private set; } = new(0);

    public FloatBlock ScalesQ { get; private set; } = new(0);

    public FloatBlock ScalesK { get; private set; } = new(0);

    /// <summary>Heads' outputs before the output projection.</summary>
    public FloatBlock Output { get; private set; } = new(0);

    public FloatBlock LogSum { get; private set; } = new(0);

    /// <summary>Makes room for a batch; content is unspecified.</summary>
    public void Reserve(ModelConfig config, int rows)
    {
        int queryWidth = config.HeadCount * config.HeadDim;
        int keyWidth = config.KeyValueHeadCount * config.HeadDim;
        Input = FloatBlock.AtLeast(Input, checked(rows * config.HiddenSize));
        Normed = FloatBlock.AtLeast(Normed, rows * config.HiddenSize);
        Scales = FloatBlock.AtLeast(Scales, rows);
        Q = FloatBlock.AtLeast(Q, checked(rows * queryWidth));
        K = FloatBlock.AtLeast(K, rows * keyWidth);
        V = FloatBlock.AtLeast(V, rows * keyWidth);
        Output = FloatBlock.AtLeast(Output, rows * queryWidth);
        LogSum = FloatBlock.AtLeast(LogSum, rows * config.HeadCount);
        if (!config.HasQueryKeyNorm)
            return;
        RawQ = FloatBlock.AtLeast(RawQ, rows * queryWidth);
        RawK = FloatBlock.AtLeast(RawK, rows * keyWidth);
        ScalesQ = FloatBlock.AtLeast(ScalesQ, rows * config.HeadCount);
        ScalesK = FloatBlock.AtLeast(ScalesK, rows * config.KeyValueHeadCount);
    }
}
