using CoLlm.Inference.Sampling;
using CoLlm.Inference.Torch.Devices;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward.Reductions;

/// <summary>
/// Makes of a group's logits the few numbers that are wanted of them, where they are: nothing waits for the device, and no shape depends on
/// its numbers. The library promises no order among equal values, so wherever one is meant it is found by its id.
/// </summary>
internal sealed class RowReducer : IDisposable
{
    private readonly TokenDraw _draw;
    private readonly Tensor _never;
    private readonly int _vocabularySize;

    public RowReducer(TorchDevice device, int vocabularySize)
    {
        _vocabularySize = vocabularySize;
        _draw = new TokenDraw(device, vocabularySize);
        using var scope = NewDisposeScope();
        _never = full([1], float.NegativeInfinity, ScalarType.Float32, device.Device).DetachFromDisposeScope();
    }

    /// <summary>Reduces one group.</summary>
    /// <param name="group">Its rows and their parameters, sent to the device.</param>
    /// <param name="logits">All wanted rows of the step, single precision. <c>[outputs, vocabulary]</c></param>
    /// <returns>Of each row its ids, then their log-probabilities. <c>[rows, 2 * entries]</c></returns>
    public Tensor Run(ReductionGroup group, Tensor logits)
    {
        using var scope = NewDisposeScope();
        Tensor whole = group.Rows is { } index ? logits.index_select(0, index) : logits;
        Tensor rows = group.Kind.VocabularySize < _vocabularySize ? whole.narrow(1, 0, group.Kind.VocabularySize) : whole;
        Tensor largest = rows.amax([1], keepdim: true);
        Tensor logSum = rows.sub(largest).exp_().sum(1, keepdim: true, type: ScalarType.Float64).log();
        Tensor ids = group.Kind.Form == OutputForm.TopK ? Heaviest(group, rows) : Chosen(group, rows, largest);
        Tensor logProbabilities = whole.gather(1, ids).sub(largest).sub(logSum);
        return cat([ids.to(ScalarType.Float32), logProbabilities.to(ScalarType.Float32)], 1).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _draw.Dispose();
        _never.Dispose();
    }

    /// <summary>The given or drawn token, and the most probable one. <c>[rows, 2]</c></summary>
    private Tensor Chosen(ReductionGroup group, Tensor rows, Tensor largest)
    {
        Tensor argmax = _draw.FirstWhere(rows.eq(largest));
        Tensor chosen = argmax;
        if (group.Kind.Form == OutputForm.Score)
            chosen = group.RowNumbers;
        else if (group.Kind.Order != DrawOrder.Largest || group.Penalties is not null)
            chosen = _draw.Run(group, rows);
        return cat([chosen, argmax], 1);
    }

    /// <summary>The most probable tokens; a row that wants fewer has others after them. <c>[rows, most]</c></summary>
    private Tensor Heaviest(ReductionGroup group, Tensor rows)
    {
        Tensor sorted = rows.topk(group.LargestCount, 1).values;
        Tensor kept = TokenDraw.KeepHeaviest(rows, sorted, group.RowNumbers);
        return where(kept, rows, _never).topk(group.LargestCount, 1).indexes;
    }
}
