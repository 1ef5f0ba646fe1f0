using System.Globalization;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Grpc.Server.Calls;

/// <summary>The response half of a call: headers, messages, status, in that order and each at most once where the wire says so.</summary>
/// <remarks>
/// The method writes from one thread at a time; a passed deadline may end the response from another. A lock held for a few
/// instructions decides who comes first; no lock is held over a write.
/// </remarks>
internal sealed class CallResponse
{
    /// <summary>Messages written with a buffer hint are flushed no later than at this many bytes.</summary>
    public const int MaxUnflushedBytes = 64 * 1024;

    /// <summary>The response header, never sent, by which a method chooses the encoding of its call.</summary>
    private const string RequestedEncodingKey = "grpc-internal-encoding-request";

    private readonly HttpResponse _response;
    private readonly MethodOptions _options;
    private readonly Lock _gate = new();
    private MessageWriter? _writer;
    private PipeWriter? _pipe;
    private bool _isGzip;
    private bool _isStarted;
    private bool _isWriting;
    private bool _isEnded;
    private TaskCompletionSource? _written;

    public CallResponse(HttpResponse response, MethodOptions options)
    {
        _response = response;
        _options = options;
        response.ContentType = ProtocolHeaders.ContentTypeValue;
    }

    /// <summary>Trailers that the method wants sent.</summary>
    public Metadata Trailers { get; } = [];

    public bool IsEnded
    {
        get
        {
            lock (_gate)
                return _isEnded;
        }
    }

    /// <summary>Compresses the messages with gzip where that is offered and the client takes it; before the response starts.</summary>
    public void OfferEncoding(string? encoding)
    {
        StringValues accepted = _response.HttpContext.Request.Headers[ProtocolHeaders.AcceptEncoding];
        _isGzip = encoding == MessageEncoding.Gzip && MessageEncoding.IsAccepted(accepted, MessageEncoding.Gzip);
        if (_isGzip)
            _response.Headers[ProtocolHeaders.Encoding] = MessageEncoding.Gzip;
        else
            _response.Headers.Remove(ProtocolHeaders.Encoding);
    }

    /// <summary>Sends the response headers ahead of the first message.</summary>
    public async Task WriteHeadersAsync(Metadata headers)
    {
        Enter();
        try
        {
            if (_isStarted || _response.HasStarted)
                throw new InvalidOperationException("Response headers can only be sent once, and before the first message.");

            foreach (Metadata.Entry entry in headers)
                AddHeader(entry);

            await StartAsync().ConfigureAwait(false);
            await _pipe!.FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Writes a message; done when the transport has taken it, or at once where it may wait for the next.</summary>
    public Task WriteAsync<T>(T message, Action<T, SerializationContext> serializer, WriteFlags flags, bool isLast)
    {
        Enter();
        bool isPending = false;
        try
        {
            if (!_isStarted)
            {
                Task start = StartAsync();
                if (!start.IsCompletedSuccessfully)
                {
                    isPending = true;
                    return WriteAfterAsync(start, message, serializer, flags, isLast);
                }
            }

            ValueTask<FlushResult> flush = WriteNow(message, serializer, flags, isLast);
            if (flush.IsCompletedSuccessfully)
            {
                ThrowIfCanceled(flush.Result);
                return Task.CompletedTask;
            }

            isPending = true;
            return FinishAsync(flush);
        }
        finally
        {
            if (!isPending)
                Leave();
        }
    }

    /// <summary>Makes this the end of the response, if nothing else was; the caller then sends the status.</summary>
    /// <param name="written">Done when a write that is still on its way has finished; no status can go before.</param>
    public bool TryEnd(out Task written)
    {
        lock (_gate)
        {
            if (_isWriting)
                _written ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

            written = _isWriting ? _written!.Task : Task.CompletedTask;
            if (_isEnded)
                return false;

            _isEnded = true;
            return true;
        }
    }

    /// <summary>Puts status and trailers where they belong: behind the messages, or into the headers where nothing was sent.</summary>
    public void SetStatus(Status status, Metadata trailers)
    {
        IHeaderDictionary destination = _isStarted || _response.HasStarted
            ? _response.HttpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers
                ?? throw new InvalidOperationException("The server cannot send trailers, so gRPC cannot be served.")
            : _response.Headers;

        foreach (Metadata.Entry entry in trailers)
        {
            if (!TryAppend(destination, entry))
                status = new Status(StatusCode.Internal, $"The trailer '{entry.Key}' has characters that no header may have.");
        }

        destination[ProtocolHeaders.Status] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail))
            destination[ProtocolHeaders.Message] = PercentCoding.Encode(status.Detail);
    }

    private void AddHeader(Metadata.Entry entry)
    {
        if (entry.Key == RequestedEncodingKey)
            OfferEncoding(entry.Value);
        else if (!ProtocolHeaders.IsProtocolHeader(entry.Key))
            _response.Headers.Append(entry.Key, BinaryHeader.HeaderValue(entry));
    }

    private Task StartAsync()
    {
        _isStarted = true;
        _pipe = _response.BodyWriter;
        _writer = new MessageWriter(_pipe, _options.MaxSendMessageSize, _options.CompressionLevel);
        return _response.StartAsync();
    }

    private ValueTask<FlushResult> WriteNow<T>(
        T message, Action<T, SerializationContext> serializer, WriteFlags flags, bool isLast)
    {
        _writer!.Write(message, serializer, _isGzip && (flags & WriteFlags.NoCompress) == 0);
        if (isLast || ((flags & WriteFlags.BufferHint) != 0 && _writer.UnflushedBytes < MaxUnflushedBytes))
            return default;

        _writer.UnflushedBytes = 0;
        return _pipe!.FlushAsync();
    }

    private async Task WriteAfterAsync<T>(
        Task start, T message, Action<T, SerializationContext> serializer, WriteFlags flags, bool isLast)
    {
        try
        {
            await start.ConfigureAwait(false);
            ThrowIfCanceled(await WriteNow(message, serializer, flags, isLast).ConfigureAwait(false));
        }
        finally
        {
            Leave();
        }
    }

    private async Task FinishAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            ThrowIfCanceled(await flush.ConfigureAwait(false));
        }
        finally
        {
            Leave();
        }
    }

    private static void ThrowIfCanceled(FlushResult result)
    {
        if (result.IsCanceled)
            throw new OperationCanceledException("The write was cancelled.");
    }

    private void Enter()
    {
        lock (_gate)
        {
            if (_isEnded)
                throw new InvalidOperationException("The call has ended, so nothing more can be written.");

            if (_isWriting)
                throw new InvalidOperationException("The previous write has not finished; only one may be on its way.");

            _isWriting = true;
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _isWriting = false;
            _written?.TrySetResult();
        }
    }

    private static bool TryAppend(IHeaderDictionary destination, Metadata.Entry entry)
    {
        if (ProtocolHeaders.IsProtocolHeader(entry.Key))
            return true;

        try
        {
            destination.Append(entry.Key, BinaryHeader.HeaderValue(entry));
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
