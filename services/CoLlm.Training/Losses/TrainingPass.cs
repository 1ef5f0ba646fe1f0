using CoLlm.Training.Kernels;
using CoLlm.Training.Model;

namespace CoLlm.Training.Losses;

/// <summary>One forward and backward pass: batch in, losses out, gradients added to the trained tensors.</summary>
internal sealed class TrainingPass(ComputeContext compute, TrainableModel model, Parameter? theta, int? columnCount = null)
{
    private readonly OutputHead _head = new(model.OutputWeight, theta, columnCount ?? model.Config.VocabularySize);
    private FloatBlock _hiddenGradient = new(0);

    /// <summary>Computes the losses alone.</summary>
    public TokenLosses Evaluate(PackedBatch batch)
    {
        model.Forward(compute, batch);
        return _head.Compute(compute, batch, model.Hidden, gradientScale: 0, hiddenGradient: null);
    }

    /// <summary>Computes losses and gradients; the latter are multiplied by <paramref name="gradientScale"/>.</summary>
    public TokenLosses Accumulate(PackedBatch batch, double gradientScale)
    {
        model.Forward(compute, batch);
        _hiddenGradient = FloatBlock.AtLeast(_hiddenGradient, batch.RowCount * model.Config.HiddenSize);
        TokenLosses losses = _head.Compute(compute, batch, model.Hidden, gradientScale, _hiddenGradient);
        if (model.Parameters.Any(parameter => parameter.IsTrained) || model.AdapterParameters.Any())
            model.Backward(compute, batch, _hiddenGradient);
        return losses;
    }
}
