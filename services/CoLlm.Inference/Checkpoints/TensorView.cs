namespace CoLlm.Inference.Checkpoints;

/// <summary>Number formats of stored weights.</summary>
public enum ElementType
{
    Float32,
    Float16,
    BFloat16,
}

/// <summary>
/// A tensor inside a memory-mapped checkpoint: row-major, little-endian, never copied. Valid while its checkpoint is open.
/// The bytes <c>[Data, Data + ByteLength)</c> lie inside the mapping: the reader has checked it.
/// </summary>
public readonly unsafe struct TensorView(string name, ElementType elementType, long[] shape, byte* data, long byteLength)
{
    public string Name { get; } = name;

    public ElementType ElementType { get; } = elementType;

    public ReadOnlySpan<long> Shape => shape;

    public byte* Data { get; } = data;

    public long ByteLength { get; } = byteLength;
}
