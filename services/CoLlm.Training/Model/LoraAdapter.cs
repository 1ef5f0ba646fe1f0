using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>
/// A low-rank addition to a frozen projection, <c>y += scale (x A^T) B^T</c>; B starts at zero, so nothing changes at first.
/// </summary>
internal sealed unsafe class LoraAdapter
{
    private readonly int _rank;
    private readonly int _inputSize;
    private readonly int _outputSize;
    private FloatBlock? _low;
    private FloatBlock? _lowGradient;

    /// <summary>Creates the pair of matrices for a projection of <paramref name="target"/>'s shape.</summary>
    public LoraAdapter(Parameter target, int rank, float alpha, SeededRandom random)
    {
        string stem = target.Name[..^".weight".Length];
        (_outputSize, _inputSize, _rank, Factor) = (target.Shape[0], target.Shape[1], rank, alpha / rank);
        Down = new Parameter(stem + ".lora_A.weight", rank, _inputSize);
        Up = new Parameter(stem + ".lora_B.weight", _outputSize, rank);
        float deviation = 1 / MathF.Sqrt(_inputSize);
        foreach (ref float value in Down.Value.Span)
            value = deviation * random.NextNormal();
        Down.Train();
        Up.Train();
    }

    /// <summary>What the product of the two matrices is multiplied with.</summary>
    public float Factor { get; }

    /// <summary>A, <c>[rank, in]</c>.</summary>
    public Parameter Down { get; }

    /// <summary>B, <c>[out, rank]</c>.</summary>
    public Parameter Up { get; }

    public void AddForward(ComputeContext compute, float* x, int rows, float* y)
    {
        float* low = Low(compute, x, rows);
        compute.Gemm.Multiply(
            MatrixView.RowMajor(low, rows, _rank), MatrixView.RowMajor(Up.Value.Data, _outputSize, _rank).Transposed, y, _outputSize, accumulate: true);
    }

    /// <summary>Adds to both matrices' gradients and to <paramref name="dx"/>.</summary>
    public void AddBackward(ComputeContext compute, float* x, float* dy, int rows, float* dx)
    {
        float* low = Low(compute, x, rows);
        _lowGradient = FloatBlock.AtLeast(_lowGradient, rows * _rank);
        MatrixView outputGradient = MatrixView.RowMajor(dy, rows, _outputSize);
        compute.Gemm.Multiply(outputGradient.Transposed, MatrixView.RowMajor(low, rows, _rank), Up.Gradient!.Data, _rank, accumulate: true);
        compute.Gemm.Multiply(outputGradient, MatrixView.RowMajor(Up.Value.Data, _outputSize, _rank), _lowGradient.Data, _rank, accumulate: false);
        Scale(_lowGradient.Span[..(rows * _rank)]);
        MatrixView lowGradient = MatrixView.RowMajor(_lowGradient.Data, rows, _rank);
        compute.Gemm.Multiply(lowGradient.Transposed, MatrixView.RowMajor(x, rows, _inputSize), Down.Gradient!.Data, _inputSize, accumulate: true);
        compute.Gemm.Multiply(lowGradient, MatrixView.RowMajor(Down.Value.Data, _rank, _inputSize), dx, _inputSize, accumulate: true);
    }

    /// <summary>Adds <c>scale B A</c> to a weight of the target's shape, for export.</summary>
    public void AddTo(ComputeContext compute, FloatBlock weight)
    {
        FloatBlock scaled = new(Up.Value.Length);
        Up.Value.Span.CopyTo(scaled.Span);
        Scale(scaled.Span);
        compute.Gemm.Multiply(
            MatrixView.RowMajor(scaled.Data, _outputSize, _rank), MatrixView.RowMajor(Down.Value.Data, _rank, _inputSize), weight.Data, _inputSize,
            accumulate: true);
    }

    // scale x A^T, [rows, rank]: cheap enough to compute again for the gradient.
    private float* Low(ComputeContext compute, float* x, int rows)
    {
        _low = FloatBlock.AtLeast(_low, rows * _rank);
        compute.Gemm.Multiply(
            MatrixView.RowMajor(x, rows, _inputSize), MatrixView.RowMajor(Down.Value.Data, _rank, _inputSize).Transposed, _low.Data, _rank,
            accumulate: false);
        Scale(_low.Span[..(rows * _rank)]);
        return _low.Data;
    }

    private void Scale(Span<float> values)
    {
        foreach (ref float value in values)
            value *= Factor;
    }
}
