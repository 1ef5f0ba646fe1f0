using System.Runtime.InteropServices;

namespace CoLlm.Inference.Cpu.Memory;

/// <summary>
/// Uninitialised memory outside the managed heap, aligned to a page; freed on disposal. Large buffers ask for huge pages, which
/// spares long reads the address translation.
/// </summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    private const int Page = 4096;
    private const int HugePage = 2 << 20;
    private const long HugePagesFrom = 64L << 20;
    private const int AdviseHugePages = 14;

    private byte* _data;

    /// <exception cref="OutOfMemoryException">There is not that much memory.</exception>
    public NativeBuffer(long byteLength)
    {
        ByteLength = byteLength;
        bool huge = byteLength >= HugePagesFrom;
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(byteLength, Page), (nuint)(huge ? HugePage : Page));
        if (huge && OperatingSystem.IsLinux())
            _ = AdviseMemory(_data, (nuint)byteLength, AdviseHugePages);
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

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int AdviseMemory(void* address, nuint length, int advice);
}
