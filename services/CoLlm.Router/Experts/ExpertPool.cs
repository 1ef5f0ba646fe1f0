using System.Net;
using CoLlm.Protocol.V1;
using CoLlm.Router.Telemetry;
using CoLlm.ServiceDefaults.Tls;

namespace CoLlm.Router.Experts;

/// <summary>
/// One expert's replicas: which of them gets the next session. Chooses the one with the fewest sessions among those that are well,
/// the longest unused where several are equal. Replicas behind a name come and go with what DNS says; one that goes keeps its sessions.
/// Safe to use from any thread.
/// </summary>
internal sealed class ExpertPool : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ReplicaAddresses _addresses;
    private readonly ReplicaList _replicas;
    private readonly TaskCompletionSource _located = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _time;
    private Task _describing = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private Task _locating = Task.CompletedTask;
    private int _next;

    /// <param name="options">Replicas and bounds.</param>
    /// <param name="expectation">What every replica must be.</param>
    /// <param name="time">Measures waits.</param>
    /// <param name="jitterSeed">Of the random part of waits.</param>
    /// <param name="lookUp">Looks names up; null: the system does.</param>
    /// <param name="measures">Where its sessions report; null: nowhere.</param>
    /// <param name="tls">Makes its connections; null: the handler does.</param>
    public ExpertPool(
        ExpertOptions options, ExpertExpectation expectation, TimeProvider time, int jitterSeed, NameLookup? lookUp = null, ExpertMeasures? measures = null,
        TlsConnector? tls = null)
    {
        Measures = measures ?? ExpertMeasures.Unobserved;
        Options = options;
        Expectation = expectation;
        _time = time;
        _addresses = new ReplicaAddresses(
            options.Addresses, tls is null ? Uri.UriSchemeHttp : Uri.UriSchemeHttps, options.ConnectTimeout, time, lookUp ?? Dns.GetHostAddressesAsync);
        int seed = jitterSeed;
        _replicas = new ReplicaList(address => new ExpertReplica(
            address, options, new ReplicaHealth(options.InitialBackoff, options.MaxBackoff, time, new Random(seed++)),
            handler => tls?.Attach(handler, _addresses.HostOf(address))));
        _replicas.UpdateWhileLocked(_addresses.Known);
        if (!_addresses.HasNames)
            _located.SetResult();
    }

    public ExpertOptions Options { get; }

    /// <summary>Where its sessions report what they cost.</summary>
    public ExpertMeasures Measures { get; }

    public ExpertExpectation Expectation { get; }

    public string Name => Options.Name;

    /// <summary>The model as the replica last heard describes it; null until one was.</summary>
    public ModelDescription? Model => Replicas.Select(replica => replica.Model).FirstOrDefault(model => model is not null);

    public int ReachableReplicaCount => Replicas.Count(replica => replica.Model is not null && replica.Health.IsAvailable);

    /// <summary>Sessions open on all replicas, those that are leaving included.</summary>
    public int SessionCount => Replicas.Concat(_replicas.Leaving).Sum(replica => replica.SessionCount);

    /// <summary>Those that sessions are opened on.</summary>
    public IReadOnlyList<ExpertReplica> Replicas => _replicas.Current;

    /// <summary>Begins to look names up, and to ask the replicas regularly what they are.</summary>
    public void Start()
    {
        if (_addresses.HasNames)
            _locating = LocateAsync(_stopping.Token);
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
            if (_describing.IsCompleted && (!_located.Task.IsCompleted || Replicas.Any(replica => replica.Health.IsAvailable)))
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
            ExpertReplica[] replicas = _replicas.Current;
            for (int i = 0; i < replicas.Length; i++)
            {
                ExpertReplica replica = replicas[(_next + i) % replicas.Length];
                bool isUsable = replica.SessionCount < Options.MaxSessionsPerReplica && replica.Health.IsAvailable;
                if (isUsable && (best is null || best == avoid || (replica != avoid && replica.SessionCount < best.SessionCount)))
                    best = replica;
            }

            failure = best is null ? WhyNone() : null;
            if (best is null)
                return null;
            _next = (Array.IndexOf(replicas, best) + 1) % replicas.Length;
            best.AddSession();
            return best;
        }
    }

    public static void Release(ExpertReplica replica) => replica.RemoveSession();

    /// <summary>Whether a session on this replica would find a better place.</summary>
    public bool HasOther(ExpertReplica current) => Replicas.Any(replica =>
        replica != current && replica.SessionCount < Options.MaxSessionsPerReplica && replica.Health.IsAvailable);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_locating, _watching, _describing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _replicas.Dispose();
        _stopping.Dispose();
    }

    private StreamFailure WhyNone()
    {
        ExpertReplica[] replicas = _replicas.Current;
        if (replicas.Length == 0)
        {
            return new StreamFailure(
                FailureReason.ExpertUnavailable,
                $"Expert {Name} has no replica: {_addresses.Problem ?? "its name has not been looked up yet."}",
                Options.ResolveInterval);
        }

        if (replicas.Any(replica => replica.Health.IsAvailable))
        {
            return new StreamFailure(
                FailureReason.TooManySessions,
                $"All {Options.MaxSessionsPerReplica} sessions of every reachable replica of expert {Name} are taken.");
        }

        ExpertReplica soonest = replicas.MinBy(replica => replica.Health.RetryAfter)!;
        TimeSpan retryAfter = soonest.Health.RetryAfter;
        StreamFailure? last = soonest.Health.LastFailure;
        return last is { IsUnfit: true } or { IsOverload: true }
            ? last with { RetryAfter = retryAfter }
            : new StreamFailure(
                FailureReason.ExpertUnavailable,
                $"None of the {replicas.Length} replicas of expert {Name} can be reached; the last failure was: {last?.Message ?? "none"}",
                retryAfter);
    }

    private async Task LocateAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _addresses.RefreshAsync(cancellationToken).ConfigureAwait(false);
                ExpertReplica[] added;
                lock (_lock)
                    added = _replicas.UpdateWhileLocked(_addresses.Known);
                _located.TrySetResult();
                if (Options.DescribeInterval > TimeSpan.Zero)
                    await DescribeAsync(added, cancellationToken).ConfigureAwait(false);
                await Task.Delay(Options.ResolveInterval, _time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The router stops.
        }
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

    private async Task DescribeAllAsync(CancellationToken cancellationToken)
    {
        await _located.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        await DescribeAsync(_replicas.Current, cancellationToken).ConfigureAwait(false);
    }

    private Task DescribeAsync(ExpertReplica[] replicas, CancellationToken cancellationToken) =>
        Task.WhenAll(replicas.Select(replica => replica.DescribeAsync(Expectation, Options.ConnectTimeout + Options.ConnectTimeout, cancellationToken)));
}
