using System.Buffers;

namespace Grpc.Framing;

/// <summary>A growing buffer over rented arrays, written as a stream or as a buffer writer; one user at a time.</summary>
internal sealed class PooledBuffer : Stream, IBufferWriter<byte>
{
    private const int FirstLength = 4096;

    private byte[] _bytes = [];
    private int _count;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _count);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _count;

    public override long Position
    {
        get => _count;
        set => throw new NotSupportedException();
    }

    /// <summary>Gives the array back; the next write rents another.</summary>
    public void Clear()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);

        _bytes = [];
        _count = 0;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_bytes.Length - _count), nameof(count));
        _count += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(_count);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Reserve(buffer.Length);
        buffer.CopyTo(_bytes.AsSpan(_count));
        _count += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Clear();
        base.Dispose(disposing);
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - _count >= count)
            return;

        long wanted = Math.Max((long)_count + count, Math.Max(FirstLength, _bytes.Length * 2L));
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted, Array.MaxLength));
        _bytes.AsSpan(0, _count).CopyTo(larger);
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);

        _bytes = larger;
    }
}
