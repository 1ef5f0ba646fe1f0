namespace CoLlm.Training.Remote;

/// <summary>How long training bears with an expert service that does not answer.</summary>
internal sealed record RemotePatience
{
    /// <summary>Wait after a first failure; it doubles with every further one.</summary>
    /// <value>200 ms</value>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest such wait.</summary>
    /// <value>10 s</value>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Failures in a row, without anything answered between them, after which training gives up: three minutes of waits.</summary>
    /// <value>22</value>
    public int MaxFailures { get; init; } = 22;

    /// <summary>Longest silence of a service that has something to compute; then it counts as lost.</summary>
    /// <value>10 minutes</value>
    public TimeSpan MaxSilence { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The wait after so many failures in a row.</summary>
    public TimeSpan BackoffAfter(int failures) =>
        TimeSpan.FromTicks((long)Math.Min(MaxBackoff.Ticks, InitialBackoff.Ticks * Math.Pow(2, failures - 1)));
}
