using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Writes the requests of a call whose requests are a stream; a write is done when the connection has taken the message.</summary>
internal sealed class RequestStreamWriter<TRequest> : IClientStreamWriter<TRequest>
{
    private readonly HttpCall _call;
    private readonly RequestStream _body;
    private readonly Action<TRequest, SerializationContext> _serializer;
    private readonly PooledBuffer _buffer;
    private readonly MessageWriter _writer;
    private bool _isCompleted;
    private int _isWriting;

    public RequestStreamWriter(HttpCall call, RequestStream body, Action<TRequest, SerializationContext> serializer)
    {
        _call = call;
        _body = body;
        _serializer = serializer;
        PooledBuffer buffer = new();
        _buffer = buffer;
        _writer = new MessageWriter(buffer, call.Channel.MaxSendMessageSize);
        WriteOptions = call.Options.WriteOptions;
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (Interlocked.Exchange(ref _isWriting, 1) == 1)
            return Task.FromException(new InvalidOperationException("Can't write the message because the previous write is in progress."));

        if (cancellationToken.CanBeCanceled)
            return WriteCancellableAsync(message, cancellationToken);

        return _body.TryOpen() is { } stream ? BeginWrite(stream, message) : OpenAndWriteAsync(message);
    }

    public Task CompleteAsync()
    {
        _call.ThrowIfDisposed();
        if (Volatile.Read(ref _isWriting) == 1)
            return Task.FromException(new InvalidOperationException("Can't complete the client stream writer because the previous write is in progress."));

        _isCompleted = true;
        _body.Complete();
        return Task.CompletedTask;
    }

    private async Task WriteCancellableAsync(TRequest message, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static call => ((HttpCall)call!).Cancel(), _call);
        await OpenAndWriteAsync(message).ConfigureAwait(false);
    }

    private async Task OpenAndWriteAsync(TRequest message)
    {
        Stream? stream = null;
        try
        {
            ThrowIfOver();
            stream = _body.TryOpen() ?? await _body.OpenAsync().ConfigureAwait(false);
        }
        finally
        {
            if (stream is null)
                Volatile.Write(ref _isWriting, 0);
        }

        await BeginWrite(stream, message).ConfigureAwait(false);
    }

    /// <summary>Serialises and begins to send; apart from the waiting, so that a message in flight keeps as little as possible.</summary>
    private Task BeginWrite(Stream stream, TRequest message)
    {
        try
        {
            ThrowIfOver();
            WriteOptions? options = WriteOptions;
            _writer.Write(message, _serializer, _call.IsCompressing && !CallRequest.Has(options, WriteFlags.NoCompress));
            return FinishWriteAsync(stream, CallRequest.Has(options, WriteFlags.BufferHint));
        }
        catch (Exception exception)
        {
            Volatile.Write(ref _isWriting, 0);
            return Task.FromException(exception);
        }
    }

    private async Task FinishWriteAsync(Stream stream, bool mayWait)
    {
        bool isTaken = false;
        try
        {
            await stream.WriteAsync(_buffer.Written).ConfigureAwait(false);

            // After a failed write HTTP may still hold the memory, so only a finished one gives it back.
            _buffer.Clear();
            isTaken = true;
            if (!mayWait)
                await stream.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception) when (isTaken && _call.Outcome is null && _call.ResponseTask is null)
        {
            // The connection has the message and may have sent it with another's; a server that has ended the call upon it resets what is still
            // to be flushed. The message is written all the same, and whoever reads the response hears how the call ended.
        }
        catch (Exception exception)
        {
            throw await FailureAsync(exception).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _isWriting, 0);
        }
    }

    /// <summary>
    /// A write fails where the server has ended the call, and then the response says why. Where nobody here reads the response
    /// the transport's own reason has to do; the call goes on, and reading it gives the status.
    /// </summary>
    private async ValueTask<Exception> FailureAsync(Exception exception)
    {
        if (_call.ResponseTask is { } response)
            await response.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        return _call.Outcome is not null ? _call.ToException() : new RpcException(TransportFailure.ToStatus(exception, hasResponse: true));
    }

    private void ThrowIfOver()
    {
        _call.ThrowIfDisposed();
        if (_call.Outcome is not null)
            throw _call.ToException();
        if (_isCompleted)
            throw new InvalidOperationException("Can't write the message because the client stream writer is complete.");
    }
}
