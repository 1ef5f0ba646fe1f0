using System.Runtime.InteropServices;

namespace CoLlm.Inference.Checkpoints;

/// <summary>
/// Brings mapped weights into memory before the first step needs them, so that it does not pay for page faults one by one.
/// </summary>
public static unsafe partial class MappedPages
{
    private const int PopulateRead = 22;
    private const long ChunkBytes = 64L << 20;

    /// <summary>
    /// Reads the pages of <c>[data, data + length)</c> in file order. A hint: where the system cannot do it in one call (older
    /// kernels, other systems) one byte of each page is touched instead.
    /// </summary>
    /// <param name="data">Start of mapped memory; need not be aligned.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="cancellationToken">Checked every 64 MiB.</param>
    public static void Populate(byte* data, long length, CancellationToken cancellationToken = default)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint end = (nuint)data + (nuint)length;
        nuint start = (nuint)data / page * page;
        while (start < end)
        {
            cancellationToken.ThrowIfCancellationRequested();
            nuint chunk = Math.Min((nuint)ChunkBytes, end - start);
            if (!OperatingSystem.IsLinux() || AdviseMemory(start, chunk, PopulateRead) != 0)
                Touch(Math.Max(start, (nuint)data), start + chunk, page);
            start += chunk;
        }
    }

    private static void Touch(nuint start, nuint end, nuint page)
    {
        for (nuint address = start; address < end; address += page)
            _ = Volatile.Read(ref *(byte*)address);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int AdviseMemory(nuint address, nuint length, int advice);
}
