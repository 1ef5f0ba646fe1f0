using System.Numerics.Tensors;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Losses;

/// <summary>The swap head's gradient: hidden states weighted by the gradients of their deferral logits, summed in row order.</summary>
internal static class ThetaGradient
{
    /// <summary>Adds <c>scale * sum over rows of dd[row, expert] * h[row]</c> to <c>gradient[expert]</c>.</summary>
    public static void Add(
        ComputeContext compute, FloatBlock hidden, int rows, ReadOnlyMemory<double> deferralGradients, int expertCount, double scale, FloatBlock gradient)
    {
        int width = gradient.Length / expertCount;
        compute.ForColumnStrips(width, (column, count) =>
        {
            ReadOnlySpan<double> factors = deferralGradients.Span;
            for (int expert = 0; expert < expertCount; expert++)
            {
                Span<float> target = gradient.Span.Slice((expert * width) + column, count);
                for (int row = 0; row < rows; row++)
                {
                    float factor = (float)(factors[(row * expertCount) + expert] * scale);
                    TensorPrimitives.MultiplyAdd(hidden.Span.Slice((row * width) + column, count), factor, target, target);
                }
            }
        });
    }
}
