using System.Diagnostics;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Failures;
using CoLlm.Inference.KvCache;
using CoLlm.Inference.Models;
using CoLlm.Inference.Scheduling;

namespace CoLlm.Inference;

/// <summary>
/// Runs one model for many sessions: whatever is pending at the moment goes into one ragged forward pass after another, on one loop
/// thread. All members may be called from any thread.
/// </summary>
/// <remarks>The engine owns its backend: it alone calls it, and disposes it.</remarks>
public sealed class InferenceEngine : IAsyncDisposable
{
    private static readonly TimeSpan ShortestGather = TimeSpan.FromMicroseconds(250);

    internal const string LoopThreadName = "CoLlm inference loop";

    private const int MostBlocks = 1 << 20;
    private const long UsualKvBytes = 1L << 30;

    private readonly IInferenceBackend _backend;
    private readonly EngineState _state;
    private readonly Admission _admission;
    private readonly StepRunner _runner;
    private readonly Thread? _loop;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopRequested;

    /// <summary>Allocates the KV cache on the backend and starts the loop.</summary>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public InferenceEngine(IInferenceBackend backend, InferenceEngineOptions? options = null)
        : this(backend, options ?? new InferenceEngineOptions(), startLoop: true)
    {
    }

    private InferenceEngine(IInferenceBackend backend, InferenceEngineOptions options, bool startLoop)
    {
        options.Validate();
        _backend = backend;
        int blockCount = options.KvBlockCount ?? FittingBlockCount(backend, options);
        backend.AllocateKvCache(blockCount, options.BlockSizeTokens, options.MaxRowsPerStep, options.MaxOutputsPerStep);
        KvBlockPool pool = new(blockCount, options.BlockSizeTokens, options.PrefixCacheBlocks ?? blockCount);
        _state = new EngineState(backend.Config, options, pool)
        {
            BackendReduces = backend.Capabilities.HasFlag(BackendCapabilities.ReducesOutputs),
        };
        _admission = new Admission(_state);
        _runner = new StepRunner(_state, backend);
        if (!startLoop)
            return;
        _loop = new Thread(Loop) { Name = LoopThreadName, IsBackground = true };
        _loop.Start();
    }

    public ModelConfig Config => _state.Config;

    public BackendCapabilities Capabilities => _backend.Capabilities;

    public string BackendName => _backend.Name;

    public InferenceEngineOptions Options => _state.Options;

    /// <summary>An engine without a loop thread: the caller runs every step with <see cref="RunStep"/>.</summary>
    internal static InferenceEngine CreateStepped(IInferenceBackend backend, InferenceEngineOptions options) => new(backend, options, startLoop: false);

    /// <summary>Runs one step of an engine without a loop thread; false when there was nothing to do.</summary>
    internal bool RunStep() => _runner.RunStep();

    internal EngineState State => _state;

    /// <summary>Opens a session and reserves KV blocks for <paramref name="maxTokens"/> tokens.</summary>
    /// <exception cref="EngineRefusedException">A bound is in the way now; the exception says which.</exception>
    public InferenceSession OpenSession(int maxTokens) =>
        TryOpenSession(maxTokens, out EngineRefusal refusal) ?? throw new EngineRefusedException(refusal);

    /// <summary>As <see cref="OpenSession"/>; returns null instead of throwing, and the bound that is in the way.</summary>
    public InferenceSession? TryOpenSession(int maxTokens, out EngineRefusal refusal)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        return _admission.TryOpen(maxTokens, out refusal) is { } session ? new InferenceSession(_state, _admission, session) : null;
    }

    /// <summary>As <see cref="OpenSession"/>, but waits in a bounded queue, first come, first served, until there is room.</summary>
    /// <exception cref="EngineRefusedException">It would never fit, the queue is full, or the engine stops.</exception>
    public async Task<InferenceSession> OpenSessionAsync(int maxTokens, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        return new InferenceSession(_state, _admission, await _admission.OpenAsync(maxTokens, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>How many tokens of a prompt a new session would find computed already.</summary>
    public int CountSharedPrefix(ReadOnlySpan<int> tokens)
    {
        lock (_state.Gate)
        {
            int size = _state.Pool.BlockSize;
            int shared = 0;
            KvBlockKey key = KvBlockKey.Root;
            while (shared + size < tokens.Length && _state.Pool.Holds(key = key.Next(tokens.Slice(shared, size))))
                shared += size;
            return shared;
        }
    }

    public EngineStatistics GetStatistics()
    {
        lock (_state.Gate)
        {
            EngineCounters counters = _state.Counters;
            long pending = 0;
            foreach (SessionState session in _state.Open)
                pending += session.Length - session.Computed;
            return new EngineStatistics
            {
                OpenSessions = _state.Open.Count,
                RunningSessions = _state.Active.Count,
                QueuedOpens = _admission.QueueLength,
                PendingTokens = pending,
                KvBlocks = _state.Pool.BlockCount,
                KvBlocksReserved = _state.Pool.ReservedCount,
                KvBlocksHeld = _state.Pool.HeldCount,
                KvBlocksCached = _state.Pool.CachedCount,
                Steps = counters.Steps,
                StepTime = counters.StepTime,
                Rows = counters.Rows,
                Outputs = counters.Outputs,
                RideAlongRows = counters.RideAlongRows,
                SharedPrefixTokens = counters.SharedPrefixTokens,
                CopiedBlocks = counters.CopiedBlocks,
                FailedSessions = counters.FailedSessions,
                Refusals = counters.Refusals,
            };
        }
    }

    /// <summary>Copies how many steps had 2^i to 2^(i+1) - 1 rows into entry i.</summary>
    /// <param name="stepsByRows">At most 17 entries are written.</param>
    /// <returns>Entries written.</returns>
    public int CopyStepsByRows(Span<long> stepsByRows)
    {
        lock (_state.Gate)
        {
            int count = Math.Min(stepsByRows.Length, EngineCounters.BatchBuckets);
            _state.Counters.StepsByRows.AsSpan(0, count).CopyTo(stepsByRows);
            return count;
        }
    }

    /// <summary>Refuses new sessions from now on; open ones go on until they are disposed or the engine is.</summary>
    public void Drain()
    {
        lock (_state.Gate)
            _state.Draining = true;
        _admission.RefuseWaiters();
    }

    /// <summary>
    /// Stops after the running step: calls in flight fail with <see cref="SessionFailedException"/>, all blocks come home, the backend is
    /// disposed.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Drain();
        bool first;
        lock (_state.Gate)
        {
            first = !_stopRequested;
            _stopRequested = true;
            Monitor.PulseAll(_state.Gate);
        }

        if (first && _loop is null)
            Shutdown(new SessionFailedException(SessionFailure.EngineStopped, "The engine was stopped."));
        await _stopped.Task.ConfigureAwait(false);
    }

    private static int FittingBlockCount(IInferenceBackend backend, InferenceEngineOptions options)
    {
        long useful = options.MaxSessions * ((backend.Config.MaxPositionCount + (long)options.BlockSizeTokens - 1) / options.BlockSizeTokens);
        long fitting = (options.KvCacheBytes ?? backend.FreeKvBytes ?? UsualKvBytes) / backend.KvBlockBytes(options.BlockSizeTokens);
        return (int)Math.Clamp(Math.Min(useful, fitting), 1, MostBlocks);
    }

    private void Loop()
    {
        try
        {
            _backend.EnterLoop();
            while (WaitForWork())
            {
                long started = Stopwatch.GetTimestamp();
                _runner.RunStep();
                Gather(Stopwatch.GetElapsedTime(started));
            }

            Shutdown(new SessionFailedException(SessionFailure.EngineStopped, "The engine was stopped."));
        }
        catch (Exception e)
        {
            Shutdown(new SessionFailedException(SessionFailure.EngineStopped, $"The engine stopped because of a fault in its loop: {e.Message}", e));
        }
    }

    private bool WaitForWork()
    {
        lock (_state.Gate)
        {
            while (!_stopRequested && _state.Active.Count == 0)
                Monitor.Wait(_state.Gate);
            return !_stopRequested;
        }
    }

    /// <summary>
    /// Gives the sessions just answered a moment to call again. Without it the first to return would start a step alone, and sessions
    /// that decode side by side would fall into two alternating batches, at half the speed. A session that decodes alone comes back
    /// within that moment too, and then need not wake this thread; one that was answered on this thread has come back already, or
    /// is about something longer.
    /// </summary>
    private void Gather(TimeSpan lastStep)
    {
        TimeSpan window = lastStep / 32 > ShortestGather ? lastStep / 32 : ShortestGather;
        if (window > _state.Options.GatherWindow)
            window = _state.Options.GatherWindow;
        long started = Stopwatch.GetTimestamp();
        while (IsAwaiting() && !(_state.Options.ContinueOnLoop && _runner.AnsweredCount == 1) && Stopwatch.GetElapsedTime(started) < window)
            Thread.Yield();
    }

    private bool IsAwaiting()
    {
        lock (_state.Gate)
            return !_stopRequested && _state.Awaited > 0;
    }

    private void Shutdown(SessionFailedException reason)
    {
        lock (_state.Gate)
        {
            _state.Draining = true;
            foreach (SessionState session in _state.Open.ToArray())
                session.Abandon(reason);
        }

        _admission.RefuseWaiters();
        _backend.Dispose();
        _stopped.TrySetResult();
    }
}
