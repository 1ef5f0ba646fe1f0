using System.IO.MemoryMappedFiles;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Threading;
using Microsoft.Win32.SafeHandles;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// Packed weights in a mapped file. A file is complete or absent: it is written under another name, brought to the disk, and
/// renamed. Its header and samples of its content are checked when it is opened; what does not fit is packed again.
/// </summary>
internal sealed unsafe class PackedFile : IPackedStorage
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly CancellationTokenSource _closing = new();
    private readonly Thread _reader;

    private PackedFile(MemoryMappedFile file, long byteLength)
    {
        _file = file;
        _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Data = (nint)(start + PackedHeader.ByteLength);
        ByteLength = byteLength;
        _reader = new Thread(ReadAhead) { IsBackground = true, Name = "collm weights" };
        _reader.Start();
    }

    public nint Data { get; }

    public long ByteLength { get; }

    /// <summary>Maps a packed file; null when there is none, or it is for other weights, cut off or damaged.</summary>
    public static PackedFile? TryOpen(string path, PackedHeader expected)
    {
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path);
            if (!expected.Matches(handle))
                return null;
            return new PackedFile(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read), expected.PayloadBytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a packed file.</summary>
    /// <param name="path">Its final name; the folder is made.</param>
    /// <param name="header">What it is.</param>
    /// <param name="pack">Writes every panel into the sink it is given.</param>
    /// <exception cref="IOException">The folder cannot be written to, or is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written to.</exception>
    public static void Write(string path, PackedHeader header, Action<PanelSink> pack)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            long length = PackedHeader.ByteLength + header.PayloadBytes;
            using (SafeFileHandle handle = File.OpenHandle(
                temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, length))
            {
                RandomAccess.SetLength(handle, length);
                pack((offset, panel, bytes) => RandomAccess.Write(
                    handle, new ReadOnlySpan<byte>(panel, checked((int)bytes)), PackedHeader.ByteLength + offset));
                header.Write(handle);
                RandomAccess.FlushToDisk(handle);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public void Dispose()
    {
        _closing.Cancel();
        _reader.Join();
        _closing.Dispose();
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private void ReadAhead()
    {
        ComputePriority.LowerCurrentThread();
        try
        {
            MappedPages.Populate((byte*)Data, ByteLength, _closing.Token);
        }
        catch (OperationCanceledException)
        {
            // Closed before it was read: nobody waits for it.
        }
    }
}
