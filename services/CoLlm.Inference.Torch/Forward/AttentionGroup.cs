using CoLlm.Inference.Models;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Sequences of a step whose attention is one call: about as many rows each, over contexts of about one length. Shorter ones are padded
/// with repetitions that the mask hides or that nobody reads. The object and its arrays are reused from step to step.
/// </summary>
internal sealed class AttentionGroup
{
    /// <summary>Indexes of the plan's sequences.</summary>
    public List<int> Sequences { get; } = [];

    public int Batch => Sequences.Count;

    /// <summary>Rows of each sequence, padding included.</summary>
    public int Rows { get; set; }

    /// <summary>KV blocks of each sequence, padding included.</summary>
    public int Blocks { get; set; }

    /// <summary>What sequences must have in common to be here; see <see cref="StepGroups"/>.</summary>
    public (int Rows, int Context) Kind { get; set; }

    /// <summary>True: the group's rows are the step's rows, in order.</summary>
    public bool IsWhole { get; set; }

    /// <summary>First block where the one sequence's blocks lie one after another, so that nothing needs gathering; else -1.</summary>
    public int FirstOfRun { get; set; }

    /// <summary>The span of keys that the one row of the one sequence sees, from the first gathered; null: a mask tells.</summary>
    public (int From, int Length)? ExactSpan { get; set; }

    /// <summary>Rows of the step, in the group's order; null when <see cref="IsWhole"/>. <c>[batch * rows]</c></summary>
    public Tensor? RowIndex { get; set; }

    /// <summary>Blocks to gather; null for a run. <c>[batch * blocks]</c></summary>
    public Tensor? BlockIndex { get; set; }

    /// <summary>Zero where a query row sees a key, minus infinity elsewhere; null with an exact span.</summary>
    public Tensor? Mask { get; set; }

    /// <summary><c>[batch, rows, kv_heads, queries of each, head_dim]</c></summary>
    public long[] SplitQuery { get; } = new long[5];

    /// <summary><c>[batch, kv_heads, queries of each * rows, head_dim]</c></summary>
    public long[] Query { get; } = new long[4];

    /// <summary><c>[batch, tokens, 2, kv_heads, head_dim]</c></summary>
    public long[] KeyValue { get; } = new long[5];

    /// <summary><c>[batch, kv_heads, queries of each, rows, head_dim]</c></summary>
    public long[] SplitOutput { get; } = new long[5];

    /// <summary><c>[batch * rows, heads * head_dim]</c></summary>
    public long[] Output { get; } = new long[2];

    /// <summary>Computes the shapes of this step.</summary>
    public void SetShapes(ModelConfig config, int blockSize)
    {
        long queries = config.HeadCount / config.KeyValueHeadCount;
        (SplitQuery[0], SplitQuery[1], SplitQuery[2], SplitQuery[3], SplitQuery[4]) = (Batch, Rows, config.KeyValueHeadCount, queries, config.HeadDim);
        (Query[0], Query[1], Query[2], Query[3]) = (Batch, config.KeyValueHeadCount, queries * Rows, config.HeadDim);
        (KeyValue[0], KeyValue[1], KeyValue[2], KeyValue[3], KeyValue[4]) = (Batch, (long)Blocks * blockSize, 2, config.KeyValueHeadCount, config.HeadDim);
        (SplitOutput[0], SplitOutput[1], SplitOutput[2], SplitOutput[3], SplitOutput[4]) = (Batch, config.KeyValueHeadCount, queries, Rows, config.HeadDim);
        (Output[0], Output[1]) = ((long)Batch * Rows, config.HeadCount * (long)config.HeadDim);
    }
}
