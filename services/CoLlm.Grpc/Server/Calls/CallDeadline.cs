namespace Grpc.Server.Calls;

/// <summary>Calls back once when a call's time is up.</summary>
internal sealed class CallDeadline : IAsyncDisposable
{
    /// <summary>Timers take no more than about 49 days; longer waits are taken in steps.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    private readonly TimeProvider _time;
    private readonly Action _onPassed;
    private readonly DateTime _deadline;
    private readonly ITimer _timer;

    public CallDeadline(TimeProvider time, TimeSpan timeout, Action onPassed)
    {
        _time = time;
        _onPassed = onPassed;
        DateTime now = time.GetUtcNow().UtcDateTime;
        _deadline = timeout > DateTime.MaxValue - now ? DateTime.MaxValue : now + timeout;
        _timer = time.CreateTimer(static state => ((CallDeadline)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>When the time is up (UTC).</summary>
    public DateTime Deadline => _deadline;

    /// <summary>Begins to wait; where no time is left the callback comes at once.</summary>
    public void Start() => Tick();

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Tick()
    {
        TimeSpan left = _deadline - _time.GetUtcNow().UtcDateTime;
        if (left <= TimeSpan.Zero)
        {
            _onPassed();
            return;
        }

        // A timer may fire early by less than its resolution; a wait of at least a millisecond keeps that from spinning.
        left = left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left;
        try
        {
            _timer.Change(left < LongestWait ? left : LongestWait, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The call ended while the tick was on its way.
        }
    }
}
