using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// The RMS norm, which TorchSharp lacks, out of one it has: of a row put beside its own negative the mean is zero and the variance the
/// mean square, so their layer norm is the row's RMS norm. Two kernels instead of six, with sums in single precision whatever the format.
/// </summary>
internal sealed class RootMeanSquare : IDisposable
{
    private readonly Tensor _signs;
    private readonly double _epsilon;

    public RootMeanSquare(double epsilon, ScalarType type, Device device)
    {
        _epsilon = epsilon;
        using Tensor signs = tensor(new float[] { 1, -1 }, ScalarType.Float32);
        _signs = signs.view(2, 1).to(type, device, copy: true).DetachFromDisposeScope();
    }

    /// <summary>Normalises the last dimension; four calls.</summary>
    /// <param name="rows"><c>[..., width]</c></param>
    /// <param name="dimension">Index of the last dimension.</param>
    /// <param name="pairShape"><c>[2, width]</c></param>
    /// <param name="weights">Weights over ones <c>[2, width]</c>; null: none.</param>
    public Tensor Apply(Tensor rows, int dimension, long[] pairShape, Tensor? weights) =>
        nn.functional.layer_norm(rows.unsqueeze(dimension).mul(_signs), pairShape, weights, null, _epsilon).select(dimension, 0);

    public void Dispose() => _signs.Dispose();
}
