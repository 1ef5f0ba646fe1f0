namespace CoLlm.ServiceDefaults.Shutdown;

/// <summary>
/// Counts the work that a stopping process still has to finish, and refuses new work once stopping has begun.
/// Safe to call from any thread.
/// </summary>
public sealed class DrainGate : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _draining = new();
    private readonly CancellationTokenSource _expired = new();
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _workCount;

    /// <summary>Cancelled when stopping begins: from then on nothing new is let in.</summary>
    public CancellationToken Draining => _draining.Token;

    /// <summary>Cancelled when the time to finish is over: what still runs must end now, with a clear status.</summary>
    public CancellationToken Expired => _expired.Token;

    /// <summary>Work that has entered and not left.</summary>
    public int WorkCount
    {
        get
        {
            lock (_lock)
                return _workCount;
        }
    }

    /// <summary>Lets one piece of work in, or returns null because the process is stopping. Dispose the result when the work is done.</summary>
    public IDisposable? TryEnter()
    {
        lock (_lock)
        {
            if (_draining.IsCancellationRequested)
                return null;
            _workCount++;
            return new Work(this);
        }
    }

    /// <summary>
    /// Begins stopping, waits until the work is done or <paramref name="timeout"/> is over (or the wait is cancelled), then
    /// cancels <see cref="Expired"/>. Returns how many pieces of work had to be cut off.
    /// </summary>
    public async Task<int> DrainAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // Under the lock, so that no work slips in between the flag and the count. Callbacks run later, outside it.
            _ = _draining.CancelAsync();
            if (_workCount == 0)
                _empty.TrySetResult();
        }

        try
        {
            await _empty.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // Late work is what Expired is for.
        }

        int cutOff = WorkCount;
        await _expired.CancelAsync().ConfigureAwait(false);
        return cutOff;
    }

    public void Dispose()
    {
        _draining.Dispose();
        _expired.Dispose();
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_workCount == 0 && _draining.IsCancellationRequested)
                _empty.TrySetResult();
        }
    }

    private sealed class Work(DrainGate gate) : IDisposable
    {
        private DrainGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave();
    }
}
