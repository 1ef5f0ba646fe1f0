using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;

namespace CoLlm.Inference.Checkpoints;

/// <summary>One safetensors file, mapped read-only. Its header has been checked, so every tensor lies inside the mapping.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    /// <summary>The format's own bound on headers; nothing larger is parsed.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private const int LengthPrefixBytes = 8;

    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Dictionary<string, StoredTensor> _tensors;
    private readonly byte* _base;
    private readonly long _dataStart;

    private SafetensorsFile(string name, FileStream stream)
    {
        Name = name;
        Length = stream.Length;
        LastWriteTimeUtc = File.GetLastWriteTimeUtc(stream.SafeFileHandle);
        if (Length < LengthPrefixBytes)
            throw new CheckpointException($"{name}: its {Length} bytes are too few for a safetensors file.");

        _mapping = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _base = start + _view.PointerOffset;
        try
        {
            long headerLength = CheckedHeaderLength();
            _dataStart = LengthPrefixBytes + headerLength;
            ReadOnlySpan<byte> header = new(_base + LengthPrefixBytes, (int)headerLength);
            HeaderHash = SHA256.HashData(header);
            _tensors = SafetensorsHeader.Read(name, header, Length - _dataStart);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name { get; }

    public long Length { get; }

    public DateTime LastWriteTimeUtc { get; }

    public byte[] HeaderHash { get; }

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <exception cref="CheckpointException">The file cannot be read or is malformed.</exception>
    public static SafetensorsFile Open(string path)
    {
        string name = Path.GetFileName(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new SafetensorsFile(name, stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{name}: cannot be read, {e.Message}", e);
        }
    }

    /// <summary>First byte of the tensor in memory; not necessarily aligned to its element size.</summary>
    public byte* Address(StoredTensor tensor) => _base + _dataStart + tensor.Begin;

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }

    private long CheckedHeaderLength()
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(_base, LengthPrefixBytes));
        if (length > MaxHeaderBytes)
            throw new CheckpointException($"{Name}: the header claims {length} bytes, more than the {MaxHeaderBytes} allowed.");
        if ((long)length > Length - LengthPrefixBytes)
            throw new CheckpointException($"{Name}: the header claims {length} bytes, but the file has {Length - LengthPrefixBytes} after the length.");
        return (long)length;
    }
}
