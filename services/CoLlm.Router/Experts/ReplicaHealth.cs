namespace CoLlm.Router.Experts;

/// <summary>
/// Whether sessions may be opened on one replica, and when to try again: waits double with every failure, between half and the whole
/// of the step at random so that routers do not return all at once. Safe to call from any thread.
/// </summary>
internal sealed class ReplicaHealth(TimeSpan initialBackoff, TimeSpan maxBackoff, TimeProvider time, Random jitter)
{
    private readonly Lock _lock = new();
    private int _failureCount;
    private long _closedUntil = long.MinValue;
    private StreamFailure? _lastFailure;

    /// <summary>Why the replica is passed over; null where it is not.</summary>
    public StreamFailure? LastFailure
    {
        get
        {
            lock (_lock)
                return _lastFailure;
        }
    }

    /// <summary>How long until it may be tried; zero where it may be now.</summary>
    public TimeSpan RetryAfter
    {
        get
        {
            lock (_lock)
                return ClosedForWhileLocked();
        }
    }

    public bool IsAvailable => RetryAfter == TimeSpan.Zero;

    /// <summary>It answered.</summary>
    public void Succeeded()
    {
        lock (_lock)
        {
            _failureCount = 0;
            _closedUntil = long.MinValue;
            _lastFailure = null;
        }
    }

    /// <summary>It did not answer, or not as it should. Returns how long it is left alone.</summary>
    public TimeSpan Failed(StreamFailure failure)
    {
        lock (_lock)
        {
            double steps = Math.Pow(2, Math.Min(_failureCount++, 30));
            TimeSpan step = TimeSpan.FromTicks((long)Math.Min(initialBackoff.Ticks * steps, maxBackoff.Ticks));
            CloseWhileLocked(step * (0.5 + jitter.NextDouble() / 2), failure);
            return ClosedForWhileLocked();
        }
    }

    /// <summary>It is well but takes no sessions for a time.</summary>
    public void Close(TimeSpan duration, StreamFailure reason)
    {
        lock (_lock)
            CloseWhileLocked(duration, reason);
    }

    private void CloseWhileLocked(TimeSpan duration, StreamFailure failure)
    {
        _lastFailure = failure;
        long until = time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency);
        _closedUntil = Math.Max(_closedUntil, until);
    }

    private TimeSpan ClosedForWhileLocked()
    {
        long now = time.GetTimestamp();
        return _closedUntil > now ? time.GetElapsedTime(now, _closedUntil) : TimeSpan.Zero;
    }
}
