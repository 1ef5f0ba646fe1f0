namespace CoLlm.Router.Experts;

/// <summary>
/// The replicas that sessions are opened on, and those that are no longer listed but still have sessions. The lists are changed under the
/// pool's lock and may be read from any thread.
/// </summary>
internal sealed class ReplicaList(Func<Uri, ExpertReplica> create) : IDisposable
{
    private volatile ExpertReplica[] _current = [];
    private volatile ExpertReplica[] _leaving = [];

    public ExpertReplica[] Current => _current;

    /// <summary>Those that get no new session and are closed once their last one has ended.</summary>
    public ExpertReplica[] Leaving => _leaving;

    /// <summary>Takes the addresses over and returns the replicas that are new. One that comes back is taken up again as it was.</summary>
    public ExpertReplica[] UpdateWhileLocked(IReadOnlyList<Uri> addresses)
    {
        Dictionary<Uri, ExpertReplica> known = _current.Concat(_leaving).ToDictionary(replica => replica.Address);
        ExpertReplica[] current = [.. addresses.Select(address => known.TryGetValue(address, out ExpertReplica? replica) ? replica : create(address))];

        // Closed a round after the last session ended, when that session's own good-bye is long said.
        ExpertReplica[] gone = [.. _leaving.Except(current).Where(replica => replica.SessionCount == 0)];
        _leaving = [.. known.Values.Except(current).Except(gone)];
        _current = current;
        foreach (ExpertReplica replica in gone)
            replica.Dispose();
        return [.. current.Except(known.Values)];
    }

    public void Dispose()
    {
        foreach (ExpertReplica replica in _current.Concat(_leaving))
            replica.Dispose();
    }
}
