using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Reads the responses of a call whose responses are a stream; the end of the stream ends the call.</summary>
internal sealed class ResponseStreamReader<TResponse>(HttpCall call, Func<DeserializationContext, TResponse> deserializer)
    : IAsyncStreamReader<TResponse>
    where TResponse : class
{
    private static readonly Task<bool> Found = Task.FromResult(true);
    private static readonly Task<bool> Ended = Task.FromResult(false);

    private TResponse? _current;
    private int _isReading;

    public TResponse Current => _current!;

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        call.ThrowIfDisposed();
        if (Interlocked.Exchange(ref _isReading, 1) == 1)
            return Task.FromException<bool>(new InvalidOperationException("Can't read the next message because the previous read is still in progress."));

        if (cancellationToken.IsCancellationRequested)
            call.Cancel();
        if (call.Outcome is not null || call.Reader is not { } reader)
            return MoveFirstAsync(cancellationToken);

        ValueTask<TResponse?> read = reader.ReadAsync(deserializer, CancellationToken.None);
        if (!read.IsCompletedSuccessfully)
            return cancellationToken.CanBeCanceled ? MoveCancellableAsync(read, cancellationToken) : MoveAsync(read);

        // A message that is here already costs no task.
        _current = read.Result;
        Volatile.Write(ref _isReading, 0);
        return _current is not null ? Found : EndAsync();
    }

    private async Task<bool> MoveFirstAsync(CancellationToken cancellationToken)
    {
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static call => ((HttpCall)call!).Cancel(), call);
        try
        {
            await call.Begun.ConfigureAwait(false);
            if (call.Outcome is not null || call.Reader is not { } reader)
                return End(call.Outcome!);

            return await MoveAsync(reader.ReadAsync(deserializer, CancellationToken.None)).ConfigureAwait(false);
        }
        finally
        {
            registration.Dispose();
            Volatile.Write(ref _isReading, 0);
        }
    }

    private async Task<bool> MoveCancellableAsync(ValueTask<TResponse?> read, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static call => ((HttpCall)call!).Cancel(), call);
        return await MoveAsync(read).ConfigureAwait(false);
    }

    private async Task<bool> MoveAsync(ValueTask<TResponse?> read)
    {
        CallOutcome outcome;
        try
        {
            _current = await read.ConfigureAwait(false);
            if (_current is not null)
                return true;

            outcome = call.EndWithTrailers();
        }
        catch (Exception exception)
        {
            outcome = call.EndWithFailure(exception);
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }

        return End(outcome);
    }

    private Task<bool> EndAsync()
    {
        CallOutcome outcome = call.EndWithTrailers();
        return outcome.Status.StatusCode == StatusCode.OK ? Ended : Task.FromException<bool>(call.ToException());
    }

    /// <summary>False at a good end; any other is thrown.</summary>
    private bool End(CallOutcome outcome) => outcome.Status.StatusCode == StatusCode.OK ? false : throw call.ToException();
}
