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

    /// <summary>What reads the response without being asked, so that a failed write can wait for the status; null where the caller reads.</summary>
    public Task? ResponseTask { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (Interlocked.Exchange(ref _isWriting, 1) == 1)
            return Task.FromException(new InvalidOperationException("Can't write the message because the previous write is in progress."));

        return WriteCoreAsync(message, cancellationToken);
    }

    public Task CompleteAsync()
    {
        if (Volatile.Read(ref _isWriting) == 1)
            return Task.FromException(new InvalidOperationException("Can't complete the client stream writer because the previous write is in progress."));

        _isCompleted = true;
        _body.Complete();
        return Task.CompletedTask;
    }

    private async Task WriteCoreAsync(TRequest message, CancellationToken cancellationToken)
    {
        CancellationTokenRegistration registration = default;
        try
        {
            ThrowIfOver();
            registration = cancellationToken.UnsafeRegister(static call => ((HttpCall)call!).Cancel(), _call);
            Stream stream = _body.TryOpen() ?? await _body.OpenAsync().ConfigureAwait(false);
            WriteOptions? options = WriteOptions;
            bool compress = _call.IsCompressing && !CallRequest.Has(options, WriteFlags.NoCompress);
            _writer.Write(message, _serializer, compress);
            await SendAsync(stream, CallRequest.Has(options, WriteFlags.BufferHint)).ConfigureAwait(false);
            _buffer.Clear();
        }
        finally
        {
            registration.Dispose();
            Volatile.Write(ref _isWriting, 0);
        }
    }

    private async ValueTask SendAsync(Stream stream, bool mayWait)
    {
        try
        {
            await stream.WriteAsync(_buffer.Written).ConfigureAwait(false);
            if (!mayWait)
                await stream.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw await FailureAsync(exception).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// A write fails where the server has ended the call, and then the response says why. Where nobody here reads the response
    /// the transport's own reason has to do; the call goes on, and reading it gives the status.
    /// </summary>
    private async ValueTask<Exception> FailureAsync(Exception exception)
    {
        if (ResponseTask is not null)
            await ResponseTask.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        return _call.Outcome is not null ? _call.ToException() : new RpcException(TransportFailure.ToStatus(exception, hasResponse: true));
    }

    private void ThrowIfOver()
    {
        if (_call.Outcome is not null)
            throw _call.ToException();
        if (_isCompleted)
            throw new InvalidOperationException("Can't write the message because the client stream writer is complete.");
    }
}
