using Grpc.Core;

namespace Grpc.Server.Calls;

/// <summary>The stream of a call's requests.</summary>
internal sealed class RequestStreamReader<T>(HttpServerCallContext call, Func<DeserializationContext, T> deserializer) : IAsyncStreamReader<T>
    where T : class
{
    public T Current { get; private set; } = null!;

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<bool>(cancellationToken);

        if (call.Response.IsEnded)
            return Task.FromException<bool>(new InvalidOperationException("The call has ended, so no more requests can be read."));

        ValueTask<T?> read = call.Requests.ReadAsync(deserializer, cancellationToken);
        return read.IsCompletedSuccessfully ? Task.FromResult(Take(read.Result)) : TakeAsync(read);
    }

    private async Task<bool> TakeAsync(ValueTask<T?> read) => Take(await read.ConfigureAwait(false));

    private bool Take(T? message)
    {
        Current = message!;
        return message is not null;
    }
}
