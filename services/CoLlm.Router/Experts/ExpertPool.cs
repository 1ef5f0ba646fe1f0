using CoLlm.Protocol.V1;

namespace CoLlm.Router.Experts;

/// <summary>
/// One expert's replicas: which of them gets the next session. Chooses the one with the fewest sessions among those that are well,
/// the longest unused where several are equal. Safe to use from any thread.
/// </summary>
internal sealed class ExpertPool : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ExpertReplica[] _replicas;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _time;
    private Task _describing = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private int _next;

    /// <param name="options">Replicas and bounds.</param>
    /// <param name="expectation">What every replica must be.</param>
    /// <param name="time">Measures waits.</param>
    /// <param name="jitterSeed">Of the random part of waits.</param>
    public ExpertPool(ExpertOptions options, ExpertExpectation expectation, TimeProvider time, int jitterSeed)
    {
        Options = options;
        Expectation = expectation;
        _time = time;
        _replicas = [.. options.Addresses.Select((address, i) => new ExpertReplica(
            new Uri(address), options, new ReplicaHealth(options.InitialBackoff, options.MaxBackoff, time, new Random(jitterSeed + i))))];
    }

    public ExpertOptions Options { get; }

    public ExpertExpectation Expectation { get; }

    public string Name => Options.Name;

    /// <summary>The model as the replica last heard describes it; null until one was.</summary>
    public ModelDescription? Model => _replicas.Select(replica => replica.Model).FirstOrDefault(model => model is not null);

    public int ReachableReplicaCount => _replicas.Count(replica => replica.Model is not null && replica.Health.IsAvailable);

    /// <summary>Sessions open on all replicas.</summary>
    public int SessionCount => _replicas.Sum(replica => replica.SessionCount);

    public IReadOnlyList<ExpertReplica> Replicas => _replicas;

    /// <summary>Begins to ask the replicas regularly what they are.</summary>
    public void Start()
    {
        if (Options.DescribeInterval > TimeSpan.Zero)
            _watching = WatchAsync(_stopping.Token);
    }

    /// <summary>Makes sure that a description is there if one can be had; asks the replicas where none is known.</summary>
    public async Task<ModelDescription?> DescribeAsync(CancellationToken cancellationToken)
    {
        if (Model is { } known)
            return known;
        Task describing;
        lock (_lock)
        {
            // Requests that come together share one round.
            if (_describing.IsCompleted && _replicas.Any(replica => replica.Health.IsAvailable))
                _describing = DescribeAllAsync(_stopping.Token);
            describing = _describing;
        }

        await describing.WaitAsync(cancellationToken).ConfigureAwait(false);
        return Model;
    }

    /// <summary>Takes a place on a replica for one session; to be given back with <see cref="Release"/>.</summary>
    /// <param name="avoid">A replica to take only where no other is well.</param>
    /// <param name="failure">Why there is none.</param>
    public ExpertReplica? TryAcquire(ExpertReplica? avoid, out StreamFailure? failure)
    {
        lock (_lock)
        {
            ExpertReplica? best = null;
            for (int i = 0; i < _replicas.Length; i++)
            {
                ExpertReplica replica = _replicas[(_next + i) % _replicas.Length];
                bool isUsable = replica.SessionCount < Options.MaxSessionsPerReplica && replica.Health.IsAvailable;
                if (isUsable && (best is null || best == avoid || (replica != avoid && replica.SessionCount < best.SessionCount)))
                    best = replica;
            }

            failure = best is null ? WhyNone() : null;
            if (best is null)
                return null;
            _next = (Array.IndexOf(_replicas, best) + 1) % _replicas.Length;
            best.AddSession();
            return best;
        }
    }

    public static void Release(ExpertReplica replica) => replica.RemoveSession();

    /// <summary>Whether a session on this replica would find a better place.</summary>
    public bool HasOther(ExpertReplica current) => _replicas.Any(replica =>
        replica != current && replica.SessionCount < Options.MaxSessionsPerReplica && replica.Health.IsAvailable);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_watching, _describing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (ExpertReplica replica in _replicas)
            replica.Dispose();
        _stopping.Dispose();
    }

    private StreamFailure WhyNone()
    {
        if (_replicas.Any(replica => replica.Health.IsAvailable))
        {
            return new StreamFailure(
                FailureReason.TooManySessions,
                $"All {Options.MaxSessionsPerReplica} sessions of every reachable replica of expert {Name} are taken.");
        }

        ExpertReplica soonest = _replicas.MinBy(replica => replica.Health.RetryAfter)!;
        TimeSpan retryAfter = soonest.Health.RetryAfter;
        StreamFailure? last = soonest.Health.LastFailure;
        return last is { IsUnfit: true } or { IsOverload: true }
            ? last with { RetryAfter = retryAfter }
            : new StreamFailure(
                FailureReason.ExpertUnavailable,
                $"None of the {_replicas.Length} replicas of expert {Name} can be reached; the last failure was: {last?.Message ?? "none"}",
                retryAfter);
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            using PeriodicTimer timer = new(Options.DescribeInterval, _time);
            do
                await DescribeAllAsync(cancellationToken).ConfigureAwait(false);
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The router stops.
        }
    }

    private Task DescribeAllAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_replicas.Select(replica => replica.DescribeAsync(Expectation, Options.ConnectTimeout + Options.ConnectTimeout, cancellationToken)));
}
