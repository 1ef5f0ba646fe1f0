using System.Threading.Tasks.Sources;

namespace CoLlm.Inference.Scheduling;

/// <summary>
/// The awaitable of a session's calls, one after another: reused, so that a decode step allocates nothing. Its continuations run on the
/// thread pool, unless the engine's loop offers itself.
/// </summary>
internal sealed class SessionCall : IValueTaskSource<AdvanceResult>
{
    private ManualResetValueTaskSourceCore<AdvanceResult> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;

    /// <summary>What the caller awaits, once.</summary>
    public ValueTask<AdvanceResult> Task => new(this, _source.Version);

    /// <summary>Token of the call that began last.</summary>
    public CancellationToken Cancellation { get; private set; }

    public void Begin()
    {
        _source.Reset();
        _source.RunContinuationsAsynchronously = true;
        Cancellation = default;
    }

    /// <summary>Calls back when the token is cancelled, on the spot if it is already.</summary>
    public void Watch(Action<object?, CancellationToken> onCancelled, SessionState session, CancellationToken cancellation)
    {
        Cancellation = cancellation;
        if (cancellation.CanBeCanceled)
            _registration = cancellation.UnsafeRegister(onCancelled, session);
    }

    /// <summary>Stops watching without waiting for a callback that is running: it would wait for the engine's lock.</summary>
    public void Unwatch()
    {
        _registration.Unregister();
        _registration = default;
    }

    public void Complete(AdvanceResult result) => _source.SetResult(result);

    /// <summary>As <see cref="Complete"/>, and the caller goes on upon this thread, until it waits for something.</summary>
    public void CompleteHere(AdvanceResult result)
    {
        _source.RunContinuationsAsynchronously = false;
        _source.SetResult(result);
    }

    public void Fail(Exception failure) => _source.SetException(failure);

    AdvanceResult IValueTaskSource<AdvanceResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<AdvanceResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<AdvanceResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
