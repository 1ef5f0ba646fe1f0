using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>Reads the length-prefixed messages of one direction of a call, in place, one read at a time.</summary>
/// <remarks>The reader is itself the deserialisation context of every message, so a message costs nothing but itself.</remarks>
internal sealed class MessageReader : DeserializationContext
{
    public const int HeaderLength = 5;

    private readonly PipeReader _pipe;
    private readonly int _maxMessageSize;
    private readonly string _encoding;
    private ReadOnlySequence<byte> _payload;
    private PooledBuffer? _expanded;
    private TaskCompletionSource? _stopped;
    private int _isReading;

    /// <param name="pipe">The bytes; left open.</param>
    /// <param name="maxMessageSize">The largest message, before and after decompression, or null for no limit.</param>
    /// <param name="encoding">The call's <c>grpc-encoding</c>, a supported one, or null.</param>
    public MessageReader(PipeReader pipe, int? maxMessageSize, string? encoding)
    {
        _pipe = pipe;
        _maxMessageSize = maxMessageSize ?? Array.MaxLength;
        _encoding = encoding ?? MessageEncoding.Identity;
    }

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    /// <summary>The next message, or null when the other side has sent its last.</summary>
    /// <exception cref="RpcException">The bytes are no such message; nothing can be read afterwards.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        Interlocked.Exchange(ref _isReading, 1);
        try
        {
            while (_stopped is null)
            {
                ReadResult result = await _pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (result.IsCanceled)
                {
                    _pipe.AdvanceTo(result.Buffer.Start);
                    break;
                }

                if (TryTake(result, deserializer, out T? message))
                    return message;
            }

            throw new OperationCanceledException("The call has ended, and with it the read.");
        }
        finally
        {
            Interlocked.Exchange(ref _isReading, 0);
            _stopped?.TrySetResult();
        }
    }

    /// <summary>
    /// Ends a read that still waits, and returns when nobody reads any more: the server uses the pipe again for another call, whose bytes
    /// a forgotten read would take.
    /// </summary>
    public Task StopAsync()
    {
        _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _isReading, 0, 0) == 0)
            return Task.CompletedTask;
        _pipe.CancelPendingRead();
        return _stopped.Task;
    }

    /// <summary>The only message of a direction that has exactly one.</summary>
    /// <exception cref="RpcException">There is none, more than one, or the bytes are no message.</exception>
    public async ValueTask<T> ReadSingleAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        T message = await ReadAsync(deserializer, cancellationToken).ConfigureAwait(false) ?? throw FramingErrors.NoMessage();
        while (true)
        {
            ReadResult result = await _pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            bool isEmpty = result.Buffer.IsEmpty;
            _pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (!isEmpty)
                throw FramingErrors.SecondMessage();

            if (result.IsCompleted)
                return message;
        }
    }

    /// <summary>Takes a message out of what was read, or the end of the stream as null; false where more bytes are needed.</summary>
    private bool TryTake<T>(in ReadResult result, Func<DeserializationContext, T> deserializer, out T? message)
        where T : class
    {
        ReadOnlySequence<byte> buffer = result.Buffer;
        SequencePosition consumed = buffer.Start;
        SequencePosition examined = buffer.End;
        message = null;
        try
        {
            if (TryTakePayload(ref buffer, out bool isCompressed))
            {
                message = Deserialize(deserializer, isCompressed);
                consumed = examined = buffer.Start;
                return true;
            }

            if (!result.IsCompleted)
                return false;

            if (!buffer.IsEmpty)
                throw Truncated(buffer);

            return true;
        }
        finally
        {
            _payload = default;
            _pipe.AdvanceTo(consumed, examined);
        }
    }

    private bool TryTakePayload(ref ReadOnlySequence<byte> buffer, out bool isCompressed)
    {
        isCompressed = false;
        if (!TryReadHeader(buffer, out byte flag, out uint length))
            return false;

        if (flag > 1)
            throw FramingErrors.UnknownFlag(flag);

        // Refused from the header alone: a length that lies is never waited for or made room for.
        if (length > _maxMessageSize)
            throw FramingErrors.TooLarge(length, _maxMessageSize);

        isCompressed = flag == 1;
        if (isCompressed && _encoding == MessageEncoding.Identity)
            throw FramingErrors.CompressedWithoutEncoding();

        if (buffer.Length - HeaderLength < length)
            return false;

        _payload = buffer.Slice(HeaderLength, length);
        buffer = buffer.Slice(_payload.End);
        return true;
    }

    private static bool TryReadHeader(in ReadOnlySequence<byte> buffer, out byte flag, out uint length)
    {
        flag = 0;
        length = 0;
        ReadOnlySpan<byte> header = buffer.FirstSpan;
        if (header.Length < HeaderLength)
        {
            if (buffer.Length < HeaderLength)
                return false;

            Span<byte> joined = stackalloc byte[HeaderLength];
            buffer.Slice(0, HeaderLength).CopyTo(joined);
            flag = joined[0];
            length = BinaryPrimitives.ReadUInt32BigEndian(joined[1..]);
            return true;
        }

        flag = header[0];
        length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return true;
    }

    private T Deserialize<T>(Func<DeserializationContext, T> deserializer, bool isCompressed)
    {
        try
        {
            if (isCompressed)
            {
                _expanded ??= new PooledBuffer();
                MessageEncoding.Decompress(_payload, _expanded, _maxMessageSize);
                _payload = new ReadOnlySequence<byte>(_expanded.Written);
            }

            return deserializer(this);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw FramingErrors.Undecodable(exception);
        }
        finally
        {
            _expanded?.Clear();
        }
    }

    private static RpcException Truncated(in ReadOnlySequence<byte> buffer) => TryReadHeader(buffer, out _, out uint length)
        ? FramingErrors.Truncated(buffer.Length - HeaderLength, length)
        : FramingErrors.TruncatedHeader(buffer.Length);
}
