namespace CoLlm.Inference.Checkpoints;

/// <summary>A stored tensor's name and size.</summary>
/// <param name="Name">Full name.</param>
/// <param name="ElementType">As its file spells it, for example <c>BF16</c>.</param>
/// <param name="ElementCount">Product of its extents.</param>
/// <param name="ByteLength">Bytes it takes.</param>
public readonly record struct TensorSummary(string Name, string ElementType, long ElementCount, long ByteLength)
{
    internal static TensorSummary Of(StoredTensor tensor) =>
        new(tensor.Name, tensor.ElementType, tensor.Shape.Aggregate(1L, (product, extent) => product * extent), tensor.ByteLength);
}
