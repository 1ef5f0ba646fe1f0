namespace CoLlm.Router.Admission;

/// <summary>
/// Lets a bounded number of requests in, first come, first served; a bounded number waits for a bounded time, the others are turned
/// away at once. Safe to use from any thread.
/// </summary>
internal sealed class RequestGate(AdmissionOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource<bool>> _waiting = [];
    private int _running;

    /// <summary>Requests that are in.</summary>
    public int RunningCount
    {
        get
        {
            lock (_lock)
                return _running;
        }
    }

    public int WaitingCount
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Waits for a place, which disposing the result frees.</summary>
    /// <returns>The place; null with a sentence naming the bound.</returns>
    public async ValueTask<(IDisposable? Place, string? Refusal)> EnterAsync(CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource<bool>> node;
        lock (_lock)
        {
            if (_running < options.MaxConcurrentRequests && _waiting.Count == 0)
            {
                _running++;
                return (new Place(this), null);
            }

            if (_waiting.Count >= options.MaxQueuedRequests || options.MaxQueueTime == TimeSpan.Zero)
                return (null, $"All {options.MaxConcurrentRequests} requests and {options.MaxQueuedRequests} places in the queue are taken.");
            node = _waiting.AddLast(new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        try
        {
            await node.Value.Task.WaitAsync(options.MaxQueueTime, time, cancellationToken).ConfigureAwait(false);
            return (new Place(this), null);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            if (!Withdraw(node))
                Leave();
            cancellationToken.ThrowIfCancellationRequested();
            return (null, $"The request waited {options.MaxQueueTime.TotalSeconds:0.###} s behind {options.MaxConcurrentRequests} others, which is the bound.");
        }
    }

    /// <summary>False where the place was given in the same moment.</summary>
    private bool Withdraw(LinkedListNode<TaskCompletionSource<bool>> node)
    {
        lock (_lock)
        {
            if (node.List is null)
                return false;
            _waiting.Remove(node);
            return true;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            // The place goes to the next in line without ever being free, so nobody overtakes.
            if (_waiting.First is { } next)
            {
                _waiting.RemoveFirst();
                next.Value.SetResult(true);
            }
            else
            {
                _running--;
            }
        }
    }

    private sealed class Place(RequestGate gate) : IDisposable
    {
        private RequestGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave();
    }
}
