using System.Net;

namespace Grpc.Net.Client;

/// <summary>
/// The body of a request with a stream of messages: it hands HTTP's own stream over to whoever writes the messages and ends when told.
/// </summary>
internal sealed class RequestStream : HttpContent
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Stream? _stream;
    private bool _isWritten;

    public RequestStream()
    {
        Headers.ContentType = CallRequest.ContentType;
    }

    /// <summary>HTTP's stream where the first write can go at once; else null, and <see cref="OpenAsync"/> waits for it.</summary>
    public Stream? TryOpen()
    {
        lock (_lock)
        {
            _isWritten |= _stream is not null;
            return _stream;
        }
    }

    /// <summary>HTTP's stream, once the connection has given the request one.</summary>
    public async Task<Stream> OpenAsync()
    {
        await _opened.Task.ConfigureAwait(false);
        return TryOpen()!;
    }

    /// <summary>Ends the body: the half-close.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>Ends every wait for the stream; the call is over.</summary>
    public void Abandon(Exception reason)
    {
        _opened.TrySetException(reason);
        _ = _opened.Task.Exception;
        _completed.TrySetCanceled();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // A refused stream makes HTTP send the request again. That is invisible as long as nothing was written to the first stream.
            if (_isWritten)
                throw new RequestCannotBeRepeatedException();

            _stream = stream;
        }

        // The headers must not wait for the first message: the server may want to answer, or refuse, before it.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        _opened.TrySetResult(stream);

        // Not given up with the token: it is cancelled when the server resets the stream, and the body's cancellation would then hide
        // the reset and its meaning. The call's end completes the body in any case.
        await _completed.Task.ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
