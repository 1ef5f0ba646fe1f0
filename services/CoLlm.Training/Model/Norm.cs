using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>RMS normalisation of rows with a learned weight, and its gradients.</summary>
internal sealed unsafe class Norm(Parameter weight, float epsilon)
{
    public Parameter Weight { get; } = weight;

    private int Width => Weight.Value.Length;

    /// <summary>Writes the normalised rows and each row's scale.</summary>
    public void Forward(ComputeContext compute, FloatBlock x, int rows, FloatBlock y, FloatBlock scales) =>
        compute.ForRows(rows, row => scales.Data[row] =
            RmsNormKernel.Forward(x.Data + (row * Width), Weight.Value.Data, y.Data + (row * Width), Width, epsilon));

    /// <summary>Adds to the weight's gradient, and writes or adds to the input's; destroys <paramref name="dy"/>.</summary>
    public void Backward(ComputeContext compute, FloatBlock x, FloatBlock scales, FloatBlock dy, int rows, FloatBlock dx, bool accumulateInput)
    {
        if (Weight.Gradient is { } gradient)
        {
            compute.ForColumnStrips(Width, (column, count) =>
            {
                for (int row = 0; row < rows; row++)
                {
                    int at = (row * Width) + column;
                    RmsNormKernel.AddWeightGradient(x.Data + at, dy.Data + at, scales.Data[row], gradient.Data + column, count);
                }
            });
        }

        compute.ForRows(rows, row => RmsNormKernel.Backward(
            x.Data + (row * Width), Weight.Value.Data, dy.Data + (row * Width), scales.Data[row], dx.Data + (row * Width), Width, accumulateInput));
    }
}
