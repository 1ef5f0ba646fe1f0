namespace CoLlm.Inference.Checkpoints;

/// <summary>One entry of a safetensors header whose sizes have been checked against each other and against the file.</summary>
/// <param name="Name">Full tensor name.</param>
/// <param name="ElementType">As the header spells it, for example <c>BF16</c>.</param>
/// <param name="Shape">Every extent is at least zero and their product fits the byte range.</param>
/// <param name="Begin">First byte, counted from the start of the data section.</param>
/// <param name="End">One past the last byte.</param>
internal sealed record StoredTensor(string Name, string ElementType, long[] Shape, long Begin, long End)
{
    public long ByteLength => End - Begin;
}
