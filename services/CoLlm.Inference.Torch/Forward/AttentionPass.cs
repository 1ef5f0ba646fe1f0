using CoLlm.Inference.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Attention of a step's groups over the paged cache. The query heads that share a key head stand as further query rows of that head, so
/// grouped heads need no copies of keys and values, and a decode step's query needs no copy at all.
/// </summary>
internal sealed class AttentionPass : IDisposable
{
    private static readonly long[] HeadsBeforeRows = [0, 2, 3, 1, 4];
    private static readonly long[] RowsBeforeHeads = [0, 3, 1, 2, 4];
    private static readonly long[] KeyValueFirst = [2, 0, 3, 1, 4];

    private readonly ModelConfig _config;
    private readonly Tensor _zero;
    private readonly Tensor _never;
    private readonly Tensor _count;
    private readonly Scalar? _window;

    /// <param name="config">The model.</param>
    /// <param name="type">Number format of queries, keys and values.</param>
    /// <param name="device">Where they are.</param>
    /// <param name="longest">Most tokens that one sequence can have in the cache.</param>
    public AttentionPass(ModelConfig config, ScalarType type, Device device, long longest)
    {
        _config = config;
        using var scope = NewDisposeScope();
        _zero = zeros([1], type, device).DetachFromDisposeScope();
        _never = full([1], float.NegativeInfinity, type, device).DetachFromDisposeScope();
        _count = arange(longest, ScalarType.Int64, device).DetachFromDisposeScope();
        _window = config.SlidingWindow is { } window ? window.ToScalar() : null;
    }

    /// <summary>Computes the masks of a step's groups, once for all layers.</summary>
    public void SetMasks(List<AttentionGroup> groups, List<Tensor> limits)
    {
        for (int i = 0; i < groups.Count; i++)
            groups[i].Mask = groups[i].ExactSpan is null ? Mask(groups[i], limits[i]) : null;
    }

    /// <summary>Attends with every row.</summary>
    /// <param name="groups">The step's groups.</param>
    /// <param name="heads">Query, key and value heads, rotated. <c>[rows, heads + 2 * kv_heads, head_dim]</c></param>
    /// <param name="blocks">The layer's cache, this step's rows included.</param>
    /// <returns><c>[rows, heads * head_dim]</c></returns>
    public Tensor Run(List<AttentionGroup> groups, Tensor heads, Tensor blocks)
    {
        Tensor queries = heads.narrow(1, 0, _config.HeadCount);
        if (groups[0].IsWhole)
            return Attend(groups[0], queries, blocks);
        Tensor attended = empty_like(queries).view(queries.shape[0], -1);
        foreach (AttentionGroup group in groups)
            attended.index_copy_(0, group.RowIndex!, Attend(group, queries.index_select(0, group.RowIndex!), blocks));
        return attended;
    }

    public void Dispose()
    {
        _zero.Dispose();
        _never.Dispose();
        _count.Dispose();
        _window?.Dispose();
    }

    private static Tensor Attend(AttentionGroup group, Tensor queries, Tensor blocks)
    {
        Tensor keysAndValues = group.FirstOfRun >= 0 ? blocks.narrow(0, group.FirstOfRun, group.Blocks) : blocks.index_select(0, group.BlockIndex!);
        keysAndValues = keysAndValues.view(group.KeyValue);
        if (group.ExactSpan is { } span)
            keysAndValues = keysAndValues.narrow(1, span.From, span.Length);
        keysAndValues = keysAndValues.permute(KeyValueFirst);
        Tensor keys = keysAndValues.select(0, 0);
        Tensor values = keysAndValues.select(0, 1);
        if (group.Rows == 1)
        {
            Tensor single = nn.functional.scaled_dot_product_attention(queries.view(group.Query), keys, values, group.Mask);
            return single.reshape(group.Output);
        }

        Tensor several = queries.view(group.SplitQuery).permute(HeadsBeforeRows).reshape(group.Query);
        Tensor attended = nn.functional.scaled_dot_product_attention(several, keys, values, group.Mask);
        return attended.view(group.SplitOutput).permute(RowsBeforeHeads).reshape(group.Output);
    }

    private Tensor Mask(AttentionGroup group, Tensor limits)
    {
        long tokens = group.KeyValue[1];
        long queries = group.SplitQuery[3];
        Tensor count = _count.narrow(0, 0, tokens);
        Tensor last = limits.view(group.Batch, 1, group.Rows, 1);
        Tensor seen = count.le(last);
        if (_window is not null)
            seen = seen.logical_and(count.gt(last.sub(_window)));
        Tensor mask = where(seen, _zero, _never);
        return group.Rows == 1 || queries == 1
            ? mask
            : mask.unsqueeze(1).expand(group.Batch, 1, queries, group.Rows, tokens).reshape(group.Batch, 1, queries * group.Rows, tokens);
    }
}
