using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>Writes length-prefixed messages of one direction of a call straight into a pipe, without flushing it; one write at a time.</summary>
/// <remarks>The writer is itself the serialisation context of every message, so a message costs nothing.</remarks>
internal sealed class MessageWriter : SerializationContext, IBufferWriter<byte>
{
    /// <summary>Messages up to this length are written, header and all, into one piece of the pipe's memory.</summary>
    private const int MaxReservedLength = 2048;

    private readonly IBufferWriter<byte> _pipe;
    private readonly int _maxMessageSize;
    private readonly CompressionLevel _level;
    private PooledBuffer? _buffer;
    private PooledBuffer? _compressed;
    private Memory<byte> _reserved;
    private int _length;
    private int _written;
    private bool _isCompressing;
    private Stage _stage;

    /// <param name="pipe">Where the bytes go.</param>
    /// <param name="maxMessageSize">The largest message before compression, or null for no limit.</param>
    /// <param name="level">How hard messages are compressed.</param>
    public MessageWriter(IBufferWriter<byte> pipe, int? maxMessageSize, CompressionLevel level = CompressionLevel.Fastest)
    {
        _pipe = pipe;
        _maxMessageSize = maxMessageSize ?? Array.MaxLength;
        _level = level;
    }

    private enum Stage
    {
        Idle,
        Started,
        Reserved,
        Direct,
        Buffered,
    }

    /// <summary>Bytes written since the owner last set this to zero, which it does when it flushes.</summary>
    public long UnflushedBytes { get; set; }

    /// <summary>Writes one message; the bytes leave at the pipe's next flush.</summary>
    /// <exception cref="RpcException">The message is larger than allowed (RESOURCE_EXHAUSTED); nothing was written.</exception>
    /// <exception cref="InvalidOperationException">The serialiser broke its contract.</exception>
    public void Write<T>(T message, Action<T, SerializationContext> serializer, bool compress)
    {
        _stage = Stage.Started;
        _isCompressing = compress;
        _length = -1;
        _written = 0;
        try
        {
            serializer(message, this);
            if (_stage != Stage.Idle)
                throw new InvalidOperationException("The serialiser returned without completing the message.");
        }
        finally
        {
            _stage = Stage.Idle;
            _reserved = default;
            _buffer?.Clear();
            _compressed?.Clear();
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        Require(_stage == Stage.Started);
        ThrowIfTooLarge(payloadLength);
        _length = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        Require(_stage is not Stage.Idle);
        if (_stage != Stage.Started)
            return _stage == Stage.Buffered ? _buffer! : this;

        if (_length < 0 || _isCompressing)
        {
            _stage = Stage.Buffered;
            return _buffer ??= new PooledBuffer();
        }

        if (_length <= MaxReservedLength)
        {
            int total = MessageReader.HeaderLength + _length;
            _reserved = _pipe.GetMemory(total)[..total];
            WriteHeader(_reserved.Span, _length, isCompressed: false);
            _reserved = _reserved[MessageReader.HeaderLength..];
            _stage = Stage.Reserved;
            return this;
        }

        AppendHeader(_length, isCompressed: false);
        _stage = Stage.Direct;
        return this;
    }

    public override void Complete()
    {
        switch (_stage)
        {
            case Stage.Reserved:
                RequireDeclaredLength();
                _pipe.Advance(MessageReader.HeaderLength + _length);
                break;
            case Stage.Direct:
                RequireDeclaredLength();
                break;
            case Stage.Buffered:
                ReadOnlySpan<byte> message = _buffer!.Written.Span;
                ThrowIfTooLarge(message.Length);
                Append(message);
                break;
            default:
                throw new InvalidOperationException("The serialiser completed a message that it had not begun to write.");
        }

        _stage = Stage.Idle;
    }

    public override void Complete(byte[] payload)
    {
        Require(_stage == Stage.Started);
        ThrowIfTooLarge(payload.Length);
        Append(payload);
        _stage = Stage.Idle;
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        if (count > _length - _written)
            throw LengthMismatch();

        _written += count;
        if (_stage == Stage.Direct)
            _pipe.Advance(count);
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        if (Math.Max(sizeHint, 1) > _length - _written)
            throw LengthMismatch();

        return _stage == Stage.Reserved ? _reserved[_written..] : _pipe.GetMemory(sizeHint);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => ((IBufferWriter<byte>)this).GetMemory(sizeHint).Span;

    private void Append(ReadOnlySpan<byte> message)
    {
        // An empty message stays as it is: .NET's gzip of nothing is nothing, which other implementations do not take for gzip.
        bool compress = _isCompressing && message.Length > 0;
        if (compress)
        {
            _compressed ??= new PooledBuffer();
            MessageEncoding.Compress(message, _compressed, _level);
            message = _compressed.Written.Span;
        }

        AppendHeader(message.Length, compress);
        _pipe.Write(message);
    }

    private void AppendHeader(int length, bool isCompressed)
    {
        WriteHeader(_pipe.GetSpan(MessageReader.HeaderLength), length, isCompressed);
        _pipe.Advance(MessageReader.HeaderLength);
    }

    private void WriteHeader(Span<byte> header, int length, bool isCompressed)
    {
        UnflushedBytes += MessageReader.HeaderLength + length;
        header[0] = isCompressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)length);
    }

    private void ThrowIfTooLarge(int length)
    {
        if (length > _maxMessageSize)
            throw FramingErrors.TooLargeToSend(length, _maxMessageSize);
    }

    private void RequireDeclaredLength()
    {
        if (_written != _length)
            throw LengthMismatch();
    }

    private InvalidOperationException LengthMismatch() =>
        new($"The serialiser declared {_length} bytes and wrote another number of them.");

    private static void Require(bool isInOrder)
    {
        if (!isInOrder)
            throw new InvalidOperationException("The serialiser used its context out of order.");
    }
}
