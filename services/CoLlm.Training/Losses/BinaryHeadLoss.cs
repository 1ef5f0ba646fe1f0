using System.Numerics.Tensors;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;

namespace CoLlm.Training.Losses;

/// <summary>
/// Binary cross entropy of the swap head's probabilities against the pseudo-labels on frozen hidden states, positives counting
/// several times: what gives theta its start.
/// </summary>
internal sealed class BinaryHeadLoss(Parameter theta, double positiveWeight)
{
    private readonly int _expertCount = theta.Shape[0];
    private readonly int _width = theta.Shape[1];

    /// <summary>Returns the summed loss and adds to theta's gradient, multiplied by <paramref name="gradientScale"/>.</summary>
    /// <param name="compute">Threads.</param>
    /// <param name="hidden"><c>[rows, hidden]</c>.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="labels"><c>[rows, experts]</c>.</param>
    /// <param name="gradientScale">Usually one divided by the positions of the whole step.</param>
    public double Compute(ComputeContext compute, FloatBlock hidden, int rows, bool[] labels, double gradientScale)
    {
        double[] losses = new double[rows * _expertCount];
        double[] gradients = new double[rows * _expertCount];
        compute.ForRows(rows, row =>
        {
            for (int expert = 0; expert < _expertCount; expert++)
            {
                int at = (row * _expertCount) + expert;
                double logit = TensorPrimitives.Dot(theta.Value.Span.Slice(expert * _width, _width), hidden.Span.Slice(row * _width, _width));
                (losses[at], gradients[at]) = Single(logit, labels[at], positiveWeight);
            }
        });
        if (theta.Gradient is { } gradient)
            ThetaGradient.Add(compute, hidden, rows, gradients, _expertCount, gradientScale, gradient);
        return losses.Sum();
    }

    /// <summary>One position's loss and its derivative with respect to the logit.</summary>
    internal static (double Loss, double Gradient) Single(double logit, bool label, double positiveWeight)
    {
        double probability = 1 / (1 + Math.Exp(-logit));
        return label
            ? (positiveWeight * Softplus(-logit), positiveWeight * (probability - 1))
            : (Softplus(logit), probability);
    }

    // log(1 + exp(x)) without overflow.
    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
