using CoLlm.ServiceDefaults.Shutdown;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CoLlm.ServiceDefaults.Health;

/// <summary>
/// Whether requests should be sent here: everything that was announced with <see cref="Await"/> has arrived, and the process is
/// not stopping. Safe to call from any thread.
/// </summary>
public sealed class Readiness(DrainGate gate) : IHealthCheck
{
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _awaited = new(StringComparer.Ordinal);
    private TaskCompletionSource _complete = Completed();

    /// <summary>Null when ready, else a sentence that says why not.</summary>
    public string? NotReadyReason
    {
        get
        {
            if (gate.Draining.IsCancellationRequested)
                return "The process is stopping.";
            lock (_lock)
                return _awaited.Count == 0 ? null : $"Still waiting for {string.Join(", ", _awaited)}.";
        }
    }

    /// <summary>Announces something that must be there first, such as <c>weights of demo-maths</c>.</summary>
    public void Await(string what)
    {
        lock (_lock)
        {
            _awaited.Add(what);
            if (_complete.Task.IsCompleted)
                _complete = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Reports that something announced has arrived.</summary>
    public void Arrived(string what)
    {
        lock (_lock)
        {
            if (_awaited.Remove(what) && _awaited.Count == 0)
                _complete.TrySetResult();
        }
    }

    /// <summary>Completes once everything announced has arrived.</summary>
    public Task WhenCompleteAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _complete.Task.WaitAsync(cancellationToken);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(NotReadyReason is { } reason ? HealthCheckResult.Unhealthy(reason) : HealthCheckResult.Healthy());

    private static TaskCompletionSource Completed()
    {
        TaskCompletionSource source = new();
        source.SetResult();
        return source;
    }
}
