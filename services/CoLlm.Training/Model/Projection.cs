using System.Numerics.Tensors;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>A linear map <c>y = x W^T + b</c> with its gradients, and a low-rank adapter where one is attached.</summary>
internal sealed unsafe class Projection(Parameter weight, Parameter? bias = null)
{
    /// <summary><c>[out, in]</c>.</summary>
    public Parameter Weight { get; } = weight;

    /// <summary><c>[out]</c>, or null.</summary>
    public Parameter? Bias { get; } = bias;

    public LoraAdapter? Adapter { get; set; }

    public int InputSize => Weight.Shape[1];

    public int OutputSize => Weight.Shape[0];

    public IEnumerable<Parameter> Parameters => Bias is null ? [Weight] : [Weight, Bias];

    /// <summary>Writes <c>y</c>, <c>[rows, out]</c>, from <c>x</c>, <c>[rows, in]</c>.</summary>
    public void Forward(ComputeContext compute, FloatBlock x, int rows, FloatBlock y)
    {
        compute.Gemm.Multiply(
            MatrixView.RowMajor(x.Data, rows, InputSize), MatrixView.RowMajor(Weight.Value.Data, OutputSize, InputSize).Transposed, y.Data, OutputSize,
            accumulate: false);
        if (Bias is { } bias)
        {
            compute.ForRows(rows, row =>
            {
                Span<float> target = y.Span.Slice(row * OutputSize, OutputSize);
                TensorPrimitives.Add(target, bias.Value.Span, target);
            });
        }

        Adapter?.AddForward(compute, x.Data, rows, y.Data);
    }

    /// <summary>Adds to the gradients of weight and bias, and writes or adds to that of the input.</summary>
    public void Backward(ComputeContext compute, FloatBlock x, FloatBlock dy, int rows, FloatBlock dx, bool accumulateInput)
    {
        MatrixView outputGradient = MatrixView.RowMajor(dy.Data, rows, OutputSize);
        if (Weight.Gradient is { } weightGradient)
            compute.Gemm.Multiply(outputGradient.Transposed, MatrixView.RowMajor(x.Data, rows, InputSize), weightGradient.Data, InputSize, accumulate: true);
        if (Bias?.Gradient is { } biasGradient)
            AddBiasGradient(compute, dy, rows, biasGradient);
        compute.Gemm.Multiply(
            outputGradient, MatrixView.RowMajor(Weight.Value.Data, OutputSize, InputSize), dx.Data, InputSize, accumulateInput);
        Adapter?.AddBackward(compute, x.Data, dy.Data, rows, dx.Data);
    }

    private void AddBiasGradient(ComputeContext compute, FloatBlock dy, int rows, FloatBlock gradient) =>
        compute.ForColumnStrips(OutputSize, (column, count) =>
        {
            Span<float> target = gradient.Span.Slice(column, count);
            for (int row = 0; row < rows; row++)
                TensorPrimitives.Add(target, dy.Span.Slice((row * OutputSize) + column, count), target);
        });
}
