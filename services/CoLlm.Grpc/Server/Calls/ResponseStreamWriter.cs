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

        if (cancellationToken.CanBeCanceled)
            return WriteCancellableAsync(message, cancellationToken);

        return WriteCoreAsync(message);
    }

    /// <summary>What is half sent cannot be taken back, so who gives up a message gives up the call.</summary>
    private async Task WriteCancellableAsync(T message, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((HttpServerCallContext)state!).Cancel(), call);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await WriteCoreAsync(message).ConfigureAwait(false);
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The write was given up, and the call with it.", exception, cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private Task WriteCoreAsync(T message)
    {
        if (call.CancellationToken.IsCancellationRequested)
            return Task.FromException(new InvalidOperationException("The call has ended, so nothing more can be written."));

        try
        {
            return call.Response.WriteAsync(message, serializer, WriteOptions?.Flags ?? default, isLast: false);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }
}
