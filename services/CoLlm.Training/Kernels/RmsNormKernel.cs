using System.Numerics.Tensors;

namespace CoLlm.Training.Kernels;

/// <summary>Root-mean-square normalisation of one row, <c>y = w x / rms(x)</c>, and its gradients.</summary>
internal static unsafe class RmsNormKernel
{
    /// <summary>Normalises a row; returns <c>1 / sqrt(mean(x^2) + epsilon)</c>, which the gradient needs.</summary>
    public static float Forward(float* x, float* weight, float* y, int width, float epsilon)
    {
        ReadOnlySpan<float> input = new(x, width);
        Span<float> output = new(y, width);
        float scale = 1 / MathF.Sqrt((TensorPrimitives.SumOfSquares(input) / width) + epsilon);
        TensorPrimitives.Multiply(input, scale, output);
        TensorPrimitives.Multiply(output, new ReadOnlySpan<float>(weight, width), output);
        return scale;
    }

    /// <summary>
    /// Turns the gradient of a normalised row into that of its input:
    /// <c>dx = s (w dy - x s^2 mean(w dy x))</c> with s the scale of <see cref="Forward"/>.
    /// </summary>
    /// <param name="x">The row's input.</param>
    /// <param name="weight">The norm's weight.</param>
    /// <param name="dy">Gradient of the output; destroyed.</param>
    /// <param name="scale">What <see cref="Forward"/> returned.</param>
    /// <param name="dx">Gradient of the input; modified.</param>
    /// <param name="width">Length of all rows.</param>
    /// <param name="accumulate">Add to <paramref name="dx"/> (a residual stream) instead of overwriting it.</param>
    public static void Backward(float* x, float* weight, float* dy, float scale, float* dx, int width, bool accumulate)
    {
        ReadOnlySpan<float> input = new(x, width);
        Span<float> weighted = new(dy, width);
        Span<float> gradient = new(dx, width);
        TensorPrimitives.Multiply(weighted, new ReadOnlySpan<float>(weight, width), weighted);
        float mean = TensorPrimitives.Dot(weighted, input) / width;
        TensorPrimitives.Multiply(weighted, scale, weighted);
        TensorPrimitives.MultiplyAdd(input, -mean * scale * scale * scale, weighted, weighted);
        if (accumulate)
            TensorPrimitives.Add(gradient, weighted, gradient);
        else
            weighted.CopyTo(gradient);
    }

    /// <summary>Adds one row's share to the weight's gradient for a range of columns: <c>dw += dy x s</c>.</summary>
    public static void AddWeightGradient(float* x, float* dy, float scale, float* dw, int columns)
    {
        for (int i = 0; i < columns; i++)
            dw[i] += dy[i] * x[i] * scale;
    }
}
