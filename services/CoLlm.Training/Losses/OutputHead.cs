using System.Numerics.Tensors;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;

namespace CoLlm.Training.Losses;

/// <summary>
/// The end of the model: logits, the token loss with the swap head, and the gradients of both. Works on a few hundred target
/// rows at a time, so that logits for a whole batch never exist; rows that do not count are never computed.
/// </summary>
/// <param name="outputWeight">The output projection.</param>
/// <param name="theta">The swap head, <c>[experts, hidden]</c>; null trains the language model alone.</param>
/// <param name="columnCount">The softmax runs over the ids below this one: rows of padding or of a stored swap head stay out.</param>
internal sealed unsafe class OutputHead(Parameter outputWeight, Parameter? theta, int columnCount)
{
    /// <summary>Rows whose logits exist at once; fixed, because it fixes the order in which gradients add up.</summary>
    internal const int ChunkRows = 512;

    private readonly int _vocabularySize = columnCount;
    private readonly int _hiddenSize = outputWeight.Shape[1];
    private readonly int _expertCount = theta?.Shape[0] ?? 0;
    private FloatBlock _hidden = new(0);
    private FloatBlock _logits = new(0);
    private FloatBlock _hiddenGradient = new(0);

    /// <summary>
    /// Computes the losses of all target rows. With <paramref name="hiddenGradient"/> it also writes the gradient of the hidden
    /// states there and adds to those of the output projection and of theta, all multiplied by <paramref name="gradientScale"/>.
    /// </summary>
    public TokenLosses Compute(ComputeContext compute, PackedBatch batch, FloatBlock hidden, double gradientScale, FloatBlock? hiddenGradient)
    {
        TokenLosses losses = new(batch.TargetRows.Length, _expertCount);
        int chunk = Math.Min(ChunkRows, batch.TargetRows.Length);
        _hidden = FloatBlock.AtLeast(_hidden, chunk * _hiddenSize);
        _hiddenGradient = FloatBlock.AtLeast(_hiddenGradient, chunk * _hiddenSize);
        _logits = FloatBlock.AtLeast(_logits, checked(chunk * _vocabularySize));
        hiddenGradient?.Span[..(batch.RowCount * _hiddenSize)].Clear();
        for (int first = 0; first < batch.TargetRows.Length; first += ChunkRows)
        {
            Chunk part = new(first, Math.Min(ChunkRows, batch.TargetRows.Length - first));
            ComputeLosses(compute, batch, hidden, part, losses, gradientScale);
            if (hiddenGradient is not null)
                AddGradients(compute, batch, part, losses, gradientScale, hiddenGradient);
        }

        return losses;
    }

    private void ComputeLosses(ComputeContext compute, PackedBatch batch, FloatBlock hidden, Chunk part, TokenLosses losses, double gradientScale)
    {
        compute.ForRows(part.Count, i =>
            hidden.Span.Slice(batch.TargetRows[part.First + i] * _hiddenSize, _hiddenSize).CopyTo(_hidden.Span.Slice(i * _hiddenSize, _hiddenSize)));
        compute.Gemm.Multiply(
            MatrixView.RowMajor(_hidden.Data, part.Count, _hiddenSize),
            MatrixView.RowMajor(outputWeight.Value.Data, _vocabularySize, _hiddenSize).Transposed, _logits.Data, _vocabularySize, accumulate: false);
        compute.ForRows(part.Count, i => RowLoss(batch, part.First + i, i, losses, gradientScale));
    }

    // Leaves the gradient of the logits where the logits were.
    private void RowLoss(PackedBatch batch, int target, int chunkRow, TokenLosses losses, double gradientScale)
    {
        int row = batch.TargetRows[target];
        int gold = batch.Targets[row];
        Span<float> logits = _logits.Span.Slice(chunkRow * _vocabularySize, _vocabularySize);
        float goldLogit = logits[gold];
        float greatest = TensorPrimitives.Max<float>(logits);
        TensorPrimitives.Subtract(logits, greatest, logits);
        TensorPrimitives.Exp(logits, logits);
        float sum = TensorPrimitives.Sum<float>(logits);
        double logSum = Math.Log(sum);
        losses.BaseLogProb[target] = (double)goldLogit - greatest - logSum;
        losses.MaxLogProb[target] = -logSum;

        Span<double> deferral = losses.DeferralLogits.AsSpan(target * _expertCount, _expertCount);
        for (int expert = 0; expert < _expertCount; expert++)
        {
            deferral[expert] = TensorPrimitives.Dot(
                theta!.Value.Span.Slice(expert * _hiddenSize, _hiddenSize), _hidden.Span.Slice(chunkRow * _hiddenSize, _hiddenSize));
        }

        (losses.Loss[target], double basePosterior, losses.DeferralProbability[target]) = MarginalLoss.Compute(
            losses.BaseLogProb[target], deferral, batch.ExpertLogProbs.AsSpan(row * _expertCount, _expertCount),
            losses.DeferralGradients.AsSpan(target * _expertCount, _expertCount));

        float scale = (float)(basePosterior * gradientScale);
        TensorPrimitives.Multiply(logits, scale / sum, logits);
        logits[gold] -= scale;
    }

    private void AddGradients(ComputeContext compute, PackedBatch batch, Chunk part, TokenLosses losses, double gradientScale, FloatBlock hiddenGradient)
    {
        MatrixView logitGradient = MatrixView.RowMajor(_logits.Data, part.Count, _vocabularySize);
        MatrixView hidden = MatrixView.RowMajor(_hidden.Data, part.Count, _hiddenSize);
        if (outputWeight.Gradient is { } weightGradient)
            compute.Gemm.Multiply(logitGradient.Transposed, hidden, weightGradient.Data, _hiddenSize, accumulate: true);
        compute.Gemm.Multiply(
            logitGradient, MatrixView.RowMajor(outputWeight.Value.Data, _vocabularySize, _hiddenSize), _hiddenGradient.Data, _hiddenSize, accumulate: false);
        if (theta?.Gradient is { } thetaGradient)
        {
            ThetaGradient.Add(
                compute, _hidden, part.Count, losses.DeferralGradients.AsMemory(part.First * _expertCount), _expertCount, gradientScale, thetaGradient);
        }

        compute.ForRows(part.Count, i => ScatterRow(batch.TargetRows[part.First + i], i, part.First + i, losses, gradientScale, hiddenGradient));
    }

    private void ScatterRow(int row, int chunkRow, int target, TokenLosses losses, double gradientScale, FloatBlock hiddenGradient)
    {
        Span<float> gradient = hiddenGradient.Span.Slice(row * _hiddenSize, _hiddenSize);
        _hiddenGradient.Span.Slice(chunkRow * _hiddenSize, _hiddenSize).CopyTo(gradient);
        for (int expert = 0; expert < _expertCount; expert++)
        {
            float factor = (float)(losses.DeferralGradients[(target * _expertCount) + expert] * gradientScale);
            TensorPrimitives.MultiplyAdd(theta!.Value.Span.Slice(expert * _hiddenSize, _hiddenSize), factor, gradient, gradient);
        }
    }

    private readonly record struct Chunk(int First, int Count);
}
