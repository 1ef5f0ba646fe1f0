using CoLlm.Training.Model;
using static TorchSharp.torch;

namespace CoLlm.Training.Torch;

/// <summary>
/// The marginal loss at the end of the model, a few hundred target rows at a time, so that logits of a whole batch never exist. The
/// product with the output projection has the model's format; everything after it is in single or double precision.
/// </summary>
/// <param name="output">The output projection.</param>
/// <param name="theta">The swap head; null trains the language model alone.</param>
/// <param name="columnCount">The softmax runs over the ids below this one.</param>
/// <param name="device">Where.</param>
internal sealed class DeviceLoss(DeviceParameter output, DeviceParameter? theta, int columnCount, Device device)
{
    private const int ChunkRows = 512;

    /// <summary>Adds the gradients of all target rows to those of the output projection, of theta and of <paramref name="hidden"/>.</summary>
    /// <param name="hidden">After the final norm, a leaf that wants its gradient. <c>[rows, hidden]</c></param>
    /// <param name="batch">The pass.</param>
    /// <param name="gradientScale">Multiplies every gradient.</param>
    /// <returns>Sums of loss, base loss, deferral probability, and rows that defer. <c>[4]</c>, double precision</returns>
    public Tensor Accumulate(Tensor hidden, PackedBatch batch, double gradientScale)
    {
        Tensor totals = zeros(4, ScalarType.Float64, device);
        for (int first = 0; first < batch.TargetRows.Length; first += ChunkRows)
        {
            using var scope = NewDisposeScope();
            int[] rows = batch.TargetRows[first..Math.Min(batch.TargetRows.Length, first + ChunkRows)];
            (Tensor loss, Tensor sums) = Chunk(hidden.index_select(0, Index(rows)), rows, batch);
            totals.add_(sums);
            loss.sum().mul(gradientScale).backward();
            output.CollectGradient();
            theta?.CollectGradient();
        }

        return totals;
    }

    private (Tensor Loss, Tensor Sums) Chunk(Tensor hidden, int[] rows, PackedBatch batch)
    {
        Tensor logits = hidden.mm(output.Weights.narrow(0, 0, columnCount).t()).to(ScalarType.Float32);
        Tensor gold = logits.gather(1, Index([.. rows.Select(row => batch.Targets[row])]).unsqueeze(1)).squeeze(1);
        Tensor ofBase = gold.sub(logits.logsumexp(1)).to(ScalarType.Float64);
        if (theta is null)
            return (ofBase.neg(), Sums(ofBase.neg(), ofBase, zeros_like(ofBase)));

        Tensor deferral = hidden.to(ScalarType.Float32).mm(theta.Weights.t()).to(ScalarType.Float64);
        Tensor prior = cat([zeros([rows.Length, 1], ScalarType.Float64, device), deferral], 1).logsumexp(1);
        Tensor joint = cat([ofBase.unsqueeze(1), deferral.add(Experts(rows, batch))], 1).logsumexp(1);
        Tensor loss = prior.sub(joint);
        return (loss, Sums(loss, ofBase, deferral.sub(prior.unsqueeze(1)).exp().sum(1)));
    }

    private static Tensor Sums(Tensor loss, Tensor ofBase, Tensor deferral)
    {
        using IDisposable noGradients = no_grad();
        return stack([loss.sum(), ofBase.sum().neg(), deferral.sum(), deferral.gt(0.5).sum().to(ScalarType.Float64)]);
    }

    /// <summary>The experts' log-probabilities of the rows' targets. <c>[rows, experts]</c></summary>
    private Tensor Experts(int[] rows, PackedBatch batch)
    {
        double[] values = [.. rows.SelectMany(row => batch.ExpertLogProbs.Skip(row * batch.ExpertCount).Take(batch.ExpertCount)).Select(value => (double)value)];
        return tensor(values, ScalarType.Float64).to(device).view(rows.Length, batch.ExpertCount);
    }

    private Tensor Index(int[] values) => tensor(values, ScalarType.Int64).to(device);
}
