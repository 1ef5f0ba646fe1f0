namespace CoLlm.ServiceDefaults.Shutdown;

/// <summary>How long a stopping process lets running work finish.</summary>
public sealed record DrainOptions
{
    /// <summary>
    /// Time that running requests have after SIGTERM. A Kubernetes grace period must be longer than preStop, this and five seconds together.
    /// </summary>
    /// <value>20 seconds by default; 0 ends running requests at once.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);
}
