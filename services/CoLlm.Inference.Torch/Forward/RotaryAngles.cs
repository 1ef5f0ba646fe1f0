using CoLlm.Inference.Models;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// The rotary embedding as three calls a layer: <c>x * cos + roll(x) * sin</c>, over query, key and value heads at once. The sine carries
/// the sign of each half, and for value heads cosine is one and sine zero.
/// </summary>
internal sealed class RotaryAngles : IDisposable
{
    private readonly Tensor _frequencies;
    private readonly Tensor _signs;
    private readonly Tensor _rotates;
    private readonly Tensor _stays;
    private readonly TorchSharp.Scalar _one = TorchSharp.ScalarExtensionMethods.ToScalar(1f);
    private readonly ScalarType _type;
    private readonly int _half;

    public RotaryAngles(ModelConfig config, ScalarType type, Device device)
    {
        _type = type;
        _half = config.HeadDim / 2;
        int keyValueHeads = config.KeyValueHeadCount;
        using var scope = NewDisposeScope();
        double[] frequencies = new double[config.HeadDim];
        float[] signs = new float[config.HeadDim];
        for (int i = 0; i < config.HeadDim; i++)
        {
            frequencies[i] = RotaryFrequency.Of(config, i % _half);
            signs[i] = i < _half ? -1 : 1;
        }

        Tensor rotates = cat([ones(config.HeadCount + keyValueHeads), zeros(keyValueHeads)], 0).unsqueeze(1);
        _frequencies = tensor(frequencies, ScalarType.Float64).to(device).DetachFromDisposeScope();
        _signs = tensor(signs, ScalarType.Float32).to(ScalarType.Float64).to(device).DetachFromDisposeScope();
        _rotates = rotates.to(type).to(device).DetachFromDisposeScope();
        _stays = rotates.neg().add(_one).to(type).to(device).DetachFromDisposeScope();
    }

    /// <summary>Cosines and signed sines for all heads of every row. <c>[rows, heads + 2 * kv_heads, head_dim]</c> each</summary>
    /// <param name="positions"><c>[rows]</c></param>
    public (Tensor Cosines, Tensor Sines) For(Tensor positions)
    {
        Tensor angles = positions.view(-1, 1, 1).mul(_frequencies);
        Tensor cosines = angles.cos().to(_type).mul(_rotates).add_(_stays);
        Tensor sines = angles.sin().mul_(_signs).to(_type).mul(_rotates);
        return (cosines, sines);
    }

    /// <summary>Turns query and key heads by their angles and leaves value heads as they are.</summary>
    /// <param name="heads"><c>[rows, heads + 2 * kv_heads, head_dim]</c></param>
    /// <param name="cosines">As <see cref="For"/> returns them.</param>
    /// <param name="sines">As <see cref="For"/> returns them.</param>
    public Tensor Rotate(Tensor heads, Tensor cosines, Tensor sines) =>
        heads.mul(cosines).addcmul_(heads.roll(_half, 2), sines, _one);

    public void Dispose()
    {
        _frequencies.Dispose();
        _signs.Dispose();
        _rotates.Dispose();
        _stays.Dispose();
        _one.Dispose();
    }
}
