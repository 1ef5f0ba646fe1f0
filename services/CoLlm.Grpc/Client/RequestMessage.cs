using System.Net;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>The body of a request with one message.</summary>
internal sealed class RequestMessage<TRequest> : HttpContent
{
    private readonly HttpCall _call;
    private readonly TRequest _message;
    private readonly Action<TRequest, SerializationContext> _serializer;

    public RequestMessage(HttpCall call, TRequest message, Action<TRequest, SerializationContext> serializer)
    {
        _call = call;
        _message = message;
        _serializer = serializer;
        Headers.ContentType = CallRequest.ContentType;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        PooledBuffer buffer = new();
        bool compress = _call.IsCompressing && !CallRequest.Has(_call.Options.WriteOptions, WriteFlags.NoCompress);
        new MessageWriter(buffer, _call.Channel.MaxSendMessageSize).Write(_message, _serializer, compress);

        // No flush: the end of the stream follows at once and leaves together with the message.
        await stream.WriteAsync(buffer.Written, cancellationToken).ConfigureAwait(false);

        // After a failed write HTTP may still hold the memory, so only a finished one gives it back.
        buffer.Clear();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
