using CoLlm.Inference.Cpu.Memory;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>The memory that packed matrices lie in.</summary>
internal interface IPackedStorage : IDisposable
{
    nint Data { get; }

    long ByteLength { get; }
}

/// <summary>Packed weights in this process's own memory.</summary>
internal sealed unsafe class PackedMemory(long byteLength) : IPackedStorage
{
    private readonly NativeBuffer _buffer = new(byteLength);

    public nint Data => (nint)_buffer.Data;

    public long ByteLength => _buffer.ByteLength;

    /// <summary>Places a panel.</summary>
    public void Write(long offset, byte* panel, long length) => Buffer.MemoryCopy(panel, _buffer.Data + offset, length, length);

    public void Dispose() => _buffer.Dispose();
}
