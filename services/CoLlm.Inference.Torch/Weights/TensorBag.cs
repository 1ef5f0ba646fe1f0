using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Weights;

/// <summary>Tensors that outlive the scope they were made in, and are freed together.</summary>
internal sealed class TensorBag : IDisposable
{
    private readonly List<Tensor> _tensors = [];

    public Tensor Keep(Tensor tensor)
    {
        _tensors.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors)
            tensor.Dispose();
        _tensors.Clear();
    }
}
