using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using CoLlm.Inference.Torch.Weights;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Keys and values of all layers in one tensor, allocated once. Unwritten entries are zero, and entries of a failed row are made zero
/// again: what a mask hides must still be finite.
/// </summary>
internal sealed class KvStore : IDisposable
{
    private readonly TensorBag _bag = new();
    private readonly Tensor _all;

    public KvStore(ModelConfig config, ScalarType type, TorchDevice device, int blockCount, int blockSize)
    {
        using var scope = NewDisposeScope();
        long slots = (long)blockCount * blockSize;
        long heads = config.KeyValueHeadCount;
        _all = _bag.Keep(zeros([config.LayerCount, blockCount, blockSize, 2, heads, config.HeadDim], type, device.Device));
        Blocks = new Tensor[config.LayerCount];
        Slots = new Tensor[config.LayerCount];
        for (int i = 0; i < Blocks.Length; i++)
        {
            Blocks[i] = _bag.Keep(_all.select(0, i));
            Slots[i] = _bag.Keep(Blocks[i].view(slots, 2 * heads, config.HeadDim));
        }
    }

    /// <summary>Each layer for reading whole blocks. <c>[blocks, tokens, 2, kv_heads, head_dim]</c></summary>
    public Tensor[] Blocks { get; }

    /// <summary>Each layer for writing single rows, key heads before value heads. <c>[slots, 2 * kv_heads, head_dim]</c></summary>
    public Tensor[] Slots { get; }

    public void CopyBlock(int from, int to)
    {
        using var scope = NewDisposeScope();
        _all.select(1, to).copy_(_all.select(1, from));
    }

    /// <summary>Makes slots zero in all layers.</summary>
    public void Clear(long[] slots)
    {
        using var scope = NewDisposeScope();
        Tensor index = tensor(slots, ScalarType.Int64).to(_all.device);
        foreach (Tensor layer in Slots)
            layer.index_fill_(0, index, 0);
    }

    public void Dispose() => _bag.Dispose();
}
