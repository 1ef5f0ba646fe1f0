using CoLlm.Inference.Failures;

namespace CoLlm.Inference.Scheduling;

/// <summary>
/// Opens sessions: a place and blocks for the longest length are reserved before anything runs. Callers that wait are served strictly
/// in order, so a long session is not overtaken by short ones for ever.
/// </summary>
internal sealed class Admission
{
    private readonly EngineState _engine;
    private readonly LinkedList<Waiter> _waiters = [];

    public Admission(EngineState engine)
    {
        _engine = engine;
        engine.CapacityFreed = AdmitWaiters;
    }

    /// <summary>Callers that wait for a session; read under the engine's lock.</summary>
    public int QueueLength => _waiters.Count;

    /// <summary>Opens a session at once or says which bound is in the way.</summary>
    public SessionState? TryOpen(int maxTokens, out EngineRefusal refusal)
    {
        lock (_engine.Gate)
        {
            if (Refuses(maxTokens, out refusal) || BehindWaiters(maxTokens, out refusal))
            {
                _engine.Counters.Refusals++;
                return null;
            }

            return OpenNow(maxTokens);
        }
    }

    /// <summary>Opens a session when there is room for it.</summary>
    /// <exception cref="EngineRefusedException">It would never fit, or the queue is full.</exception>
    public Task<SessionState> OpenAsync(int maxTokens, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_engine.Gate)
        {
            if (!Refuses(maxTokens, out EngineRefusal refusal) && _waiters.Count == 0)
                return Task.FromResult(OpenNow(maxTokens));
            if (!refusal.IsPermanent && _waiters.Count >= _engine.Options.MaxQueuedOpens)
                refusal = new EngineRefusal(EngineBound.QueuedOpens, _waiters.Count + 1, 0, _engine.Options.MaxQueuedOpens);
            if (refusal.Bound == EngineBound.QueuedOpens || (refusal != default && refusal.IsPermanent))
            {
                _engine.Counters.Refusals++;
                throw new EngineRefusedException(refusal);
            }

            return Wait(maxTokens, cancellationToken);
        }
    }

    /// <summary>Refuses everyone who waits; the engine is stopping.</summary>
    public void RefuseWaiters()
    {
        lock (_engine.Gate)
        {
            while (_waiters.First is { } first)
            {
                _waiters.RemoveFirst();
                first.Value.Refuse(new EngineRefusal(EngineBound.Stopped, 1, 0, 0));
            }
        }
    }

    private Task<SessionState> Wait(int maxTokens, CancellationToken cancellationToken)
    {
        Waiter waiter = new(maxTokens);
        LinkedListNode<Waiter> node = _waiters.AddLast(waiter);
        waiter.Registration = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                lock (_engine.Gate)
                {
                    if (node.List is null)
                        return;
                    _waiters.Remove(node);
                    waiter.Cancel(token);
                    AdmitWaiters();
                }
            },
            null);
        return waiter.Task;
    }

    private bool BehindWaiters(int maxTokens, out EngineRefusal refusal)
    {
        refusal = new EngineRefusal(EngineBound.KvBlocks, _engine.Pool.BlocksFor(maxTokens), 0, _engine.Pool.BlockCount);
        return _waiters.Count > 0;
    }

    private bool Refuses(int maxTokens, out EngineRefusal refusal)
    {
        int blocks = _engine.Pool.BlocksFor(maxTokens);
        refusal = default;
        if (_engine.Draining)
            refusal = new EngineRefusal(EngineBound.Stopped, 1, 0, 0);
        else if (maxTokens > _engine.Config.MaxPositionCount)
            refusal = new EngineRefusal(EngineBound.ContextLength, maxTokens, _engine.Config.MaxPositionCount, _engine.Config.MaxPositionCount);
        else if (blocks > _engine.Pool.UnreservedCount)
            refusal = new EngineRefusal(EngineBound.KvBlocks, blocks, _engine.Pool.UnreservedCount, _engine.Pool.BlockCount);
        else if (_engine.Open.Count >= _engine.Options.MaxSessions)
            refusal = new EngineRefusal(EngineBound.Sessions, 1, 0, _engine.Options.MaxSessions);
        return refusal != default;
    }

    private SessionState OpenNow(int maxTokens)
    {
        SessionState session = new(_engine, maxTokens);
        _engine.Pool.Reserve(session.Blocks.Capacity);
        _engine.Open.Add(session);
        return session;
    }

    private void AdmitWaiters()
    {
        while (_waiters.First is { } first && !Refuses(first.Value.MaxTokens, out _))
        {
            _waiters.RemoveFirst();
            first.Value.Admit(OpenNow(first.Value.MaxTokens));
        }
    }

    private sealed class Waiter(int maxTokens)
    {
        private readonly TaskCompletionSource<SessionState> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int MaxTokens { get; } = maxTokens;

        public CancellationTokenRegistration Registration { get; set; }

        public Task<SessionState> Task => _opened.Task;

        public void Admit(SessionState session)
        {
            Registration.Unregister();
            _opened.SetResult(session);
        }

        public void Refuse(EngineRefusal refusal)
        {
            Registration.Unregister();
            _opened.SetException(new EngineRefusedException(refusal));
        }

        public void Cancel(CancellationToken token) => _opened.SetCanceled(token);
    }
}
