using Grpc.Core;

namespace Grpc.Server.Calls;

/// <summary>The stream of a call's responses.</summary>
internal sealed class ResponseStreamWriter<T>(HttpServerCallContext call, Action<T, SerializationContext> serializer) : IServerStreamWriter<T>
    where T : class
{
    private WriteOptions? _writeOptions;

    public WriteOptions? WriteOptions
    {
        get => _writeOptions ?? call.WriteOptions;
        set => _writeOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (message is null)
            return Task.FromException(new ArgumentNullException(nameof(message)));

        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);

        if (call.CancellationToken.IsCancellationRequested)
            return Task.FromException(new InvalidOperationException("The call has ended, so nothing more can be written."));

        try
        {
            return call.Response.WriteAsync(message, serializer, WriteOptions?.Flags ?? default, isLast: false, cancellationToken);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }
}
