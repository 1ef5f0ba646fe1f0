namespace Grpc.Net.Client;

/// <summary>Calls back once a point in time has come, however far away; disposing of it stops that.</summary>
internal sealed class CallDeadline : IDisposable
{
    /// <summary>A timer cannot be set further ahead than 49 days; a later deadline is approached in steps of this.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    private readonly TimeProvider _clock;
    private readonly DateTime _deadline;
    private readonly Action _passed;
    private readonly ITimer _timer;

    public CallDeadline(TimeProvider clock, DateTime deadline, Action passed)
    {
        _clock = clock;
        _deadline = deadline;
        _passed = passed;
        _timer = clock.CreateTimer(static state => ((CallDeadline)state!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Begins to wait; apart from the constructor, so that the callback finds its owner complete.</summary>
    public void Start() => WaitFor(Remaining(_clock, _deadline));

    public void Dispose() => _timer.Dispose();

    /// <summary>The time left until a point in UTC; zero or less once the deadline has passed.</summary>
    public static TimeSpan Remaining(TimeProvider clock, DateTime deadline) =>
        deadline - clock.GetUtcNow().UtcDateTime;

    private void Check()
    {
        TimeSpan remaining = Remaining(_clock, _deadline);
        if (remaining <= TimeSpan.Zero)
            _passed();
        else
            WaitFor(remaining);
    }

    private void WaitFor(TimeSpan remaining)
    {
        // Timers count whole milliseconds and round down; one more keeps the callback from coming early and being set again.
        TimeSpan wait = remaining >= LongestWait ? LongestWait : TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(remaining.TotalMilliseconds)));
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }
}
