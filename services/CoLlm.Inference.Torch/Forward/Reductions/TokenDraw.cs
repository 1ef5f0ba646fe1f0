using CoLlm.Inference.Torch.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward.Reductions;

/// <summary>
/// Draws a token for every row by the rules of <see cref="Sampling.TokenSampler"/>: penalty, temperature, top-k, top-p, min-p, then the
/// inverse of the cumulative distribution in ascending order of ids. Sums are in double precision, as there.
/// </summary>
internal sealed class TokenDraw : IDisposable
{
    private static readonly Scalar Zero = 0.ToScalar();
    private static readonly Scalar One = 1.ToScalar();

    private readonly Tensor _ids;
    private readonly Tensor _firstId;
    private readonly Tensor _lastId;

    public TokenDraw(TorchDevice device, int vocabularySize)
    {
        using var scope = NewDisposeScope();
        _ids = arange(vocabularySize, ScalarType.Int64, device.Device).DetachFromDisposeScope();
        _firstId = _ids.narrow(0, 0, 1).DetachFromDisposeScope();
        _lastId = _ids.narrow(0, vocabularySize - 1, 1).DetachFromDisposeScope();
    }

    /// <summary>The tokens.</summary>
    /// <param name="group">Rows that draw, or whose logits are penalised.</param>
    /// <param name="rows">Their logits. <c>[rows, vocabulary]</c></param>
    /// <returns><c>[rows, 1]</c></returns>
    public Tensor Run(ReductionGroup group, Tensor rows)
    {
        Tensor scores = group.Penalties is { } penalties ? Penalise(rows, group.PenalisedIndexes!, penalties.to(ScalarType.Float32)) : rows;
        Tensor largest = scores.amax([1], keepdim: true);
        if (group.Parameters is not { } parameters)
            return FirstWhere(scores.eq(largest));

        Tensor single = parameters.narrow(0, 0, 2).to(ScalarType.Float32);
        Tensor weights = scores.sub(largest).div_(single.select(0, 0)).exp_();
        Tensor kept = weights.ge(single.select(0, 1));
        if (group.Kind.Order != DrawOrder.None)
            kept = kept.logical_and(Nucleus(group, weights, parameters.select(0, 2)));
        return Pick(weights.mul(kept), parameters.select(0, 3));
    }

    /// <summary>
    /// The first id where a row's condition holds. Where it holds nowhere, which is so of rows that are not finite alone, the model's last id:
    /// an id outside the logits would end the device's work for good.
    /// </summary>
    /// <returns><c>[rows, 1]</c></returns>
    public Tensor FirstWhere(Tensor condition) => where(condition, Ids(condition), _lastId).amin([1], keepdim: true);

    /// <summary>True for a row's largest values, those of lower ids first among equals.</summary>
    /// <param name="values"><c>[rows, vocabulary]</c></param>
    /// <param name="sorted">The largest of them, descending. <c>[rows, most]</c></param>
    /// <param name="lastRanks">Place of the last one to keep among the sorted. <c>[rows, 1]</c></param>
    public static Tensor KeepHeaviest(Tensor values, Tensor sorted, Tensor lastRanks)
    {
        Tensor least = sorted.gather(1, lastRanks);
        Tensor above = values.gt(least);
        Tensor equal = values.eq(least);
        Tensor keptOfEqual = lastRanks.sub(above.sum(1, keepdim: true)).add(One);
        return above.logical_or(equal.logical_and(equal.cumsum(1).le(keptOfEqual)));
    }

    public void Dispose()
    {
        _ids.Dispose();
        _firstId.Dispose();
        _lastId.Dispose();
    }

    private Tensor Ids(Tensor like) => _ids.narrow(0, 0, like.size(1));

    private static Tensor Penalise(Tensor rows, Tensor indexes, Tensor penalties)
    {
        Tensor scores = rows.clone();
        Tensor flat = scores.view(-1);
        Tensor met = flat.index_select(0, indexes);
        flat.index_copy_(0, indexes, where(met.lt(Zero), met.mul(penalties), met.div(penalties)));
        return scores;
    }

    /// <summary>Top-k, and of what that keeps the heaviest whose sum reaches the mass.</summary>
    private Tensor Nucleus(ReductionGroup group, Tensor weights, Tensor masses)
    {
        bool isFew = group.Kind.Order == DrawOrder.HeaviestFew;
        Tensor sorted = isFew ? weights.topk(group.LargestCount, 1).values : weights.sort(1, descending: true).Values;
        Tensor counted = isFew ? sorted.mul(Ids(sorted).le(group.RowNumbers)) : sorted;
        Tensor sums = counted.cumsum(1, ScalarType.Float64);
        Tensor mass = sums.narrow(1, counted.size(1) - 1, 1).mul(masses);

        // A weight is in the nucleus while those before it do not reach the mass; what top-k has cut weighs nothing here.
        Tensor inNucleus = sums.sub(counted).lt(mass).logical_and(counted.gt(Zero));
        return KeepHeaviest(weights, sorted, inNucleus.narrow(1, 1, counted.size(1) - 1).sum(1, keepdim: true));
    }

    /// <summary>The first id at which the running sum passes the target, never one of weight zero; the last with a weight where rounding keeps it below.</summary>
    private Tensor Pick(Tensor weights, Tensor uniform)
    {
        Tensor sums = weights.cumsum(1, ScalarType.Float64);
        Tensor target = sums.narrow(1, weights.size(1) - 1, 1).mul(uniform);
        Tensor weighs = weights.gt(Zero);
        Tensor last = where(weighs, Ids(weights), _firstId).amax([1], keepdim: true);
        return FirstWhere(sums.gt(target).logical_and(weighs)).minimum(last);
    }
}
