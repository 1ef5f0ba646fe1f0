using System.Runtime.InteropServices;

namespace CoLlm.Inference.Cpu.Kernels.MachineCode;

/// <summary>Machine code in pages of its own, which were writable while they were filled and are readable and executable since: never both.</summary>
internal sealed unsafe partial class ExecutableMemory : IDisposable
{
    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int ProtectExecute = 4;
    private const int MapPrivate = 2;
    private const int MapAnonymous = 0x20;

    private readonly nuint _byteLength;
    private nint _address;

    private ExecutableMemory(nint address, nuint byteLength)
    {
        _address = address;
        _byteLength = byteLength;
    }

    ~ExecutableMemory() => Free();

    /// <summary>The first byte of the code.</summary>
    public nint Address => _address;

    /// <summary>Maps a copy of <paramref name="code"/>; null where the system is not Linux or does not let this process run code that it made.</summary>
    public static ExecutableMemory? TryCreate(ReadOnlySpan<byte> code)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        nuint length = (nuint)code.Length;
        nint address = Map(0, length, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if (address == -1)
            return null;
        code.CopyTo(new Span<byte>((void*)address, code.Length));
        if (Protect(address, length, ProtectRead | ProtectExecute) == 0)
            return new ExecutableMemory(address, length);
        _ = Unmap(address, length);
        return null;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_address != 0)
            _ = Unmap(_address, _byteLength);
        _address = 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);
}
