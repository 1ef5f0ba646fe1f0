using System.Runtime.InteropServices;

namespace CoLlm.Inference.Cpu.Memory;

/// <summary>Uninitialised memory outside the managed heap, aligned to a page; freed on disposal.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 4096;

    private byte* _data;

    /// <exception cref="OutOfMemoryException">There is not that much memory.</exception>
    public NativeBuffer(long byteLength)
    {
        ByteLength = byteLength;
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(byteLength, Alignment), Alignment);
    }

    ~NativeBuffer() => Free();

    public long ByteLength { get; }

    public byte* Data => _data;

    public float* Floats => (float*)_data;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
    }
}
