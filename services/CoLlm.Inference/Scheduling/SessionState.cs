using System.Diagnostics;
using System.Threading.Tasks.Sources;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Failures;
using CoLlm.Inference.KvCache;

namespace CoLlm.Inference.Scheduling;

/// <summary>
/// The engine's side of a session: its tokens, what of them is computed, its blocks and the call in flight. It is also the awaitable
/// of that call, so that a decode step allocates nothing. Guarded by the engine's lock unless a member says otherwise.
/// </summary>
internal sealed class SessionState : IValueTaskSource<AdvanceResult>
{
    private static readonly Action<object?, CancellationToken> OnCancelled = static (session, token) => ((SessionState)session!).Cancel(token);

    private readonly EngineState _engine;
    private readonly int[] _tokens;
    private ManualResetValueTaskSourceCore<AdvanceResult> _call = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _cancellation;
    private CancellationTokenRegistration _registration;
    private bool _cancelRequested;
    private int[] _wanted = new int[1];
    private float[] _logits = [];
    private float[] _hiddenStates = [];
    private int _lengthBeforeCall;
    private int _validUpTo;
    private long _answeredInStep = -1;

    public SessionState(EngineState engine, int maxTokens)
    {
        _engine = engine;
        _tokens = new int[maxTokens];
        Blocks = new BlockTable(engine.Pool, maxTokens);
    }

    public BlockTable Blocks { get; }

    public int MaxTokens => _tokens.Length;

    public int Length { get; private set; }

    /// <summary>Tokens whose keys and values are in the cache; the others are pending.</summary>
    public int Computed { get; private set; }

    /// <summary>Tokens whose keys and values were taken over from other sessions.</summary>
    public int SharedPrefixTokens { get; private set; }

    /// <summary>Steps that computed rows of it, and the rows.</summary>
    public SessionWork Work { get; private set; }

    public bool InFlight { get; private set; }

    public bool InStep { get; private set; }

    public bool Disposed { get; private set; }

    public SessionFailedException? Failure { get; private set; }

    /// <summary>Goes up with every call, so that stale results can be told.</summary>
    public int Generation { get; private set; }

    public int WantedCount { get; private set; }

    /// <summary>Wanted positions that have been answered.</summary>
    public int WantedDone { get; private set; }

    public ReadOnlySpan<int> Wanted => _wanted.AsSpan(0, WantedCount);

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Length);

    /// <summary>Results of the finished call; not guarded, its reader is the session's owner.</summary>
    public ReadOnlySpan<float> LogitsOf(int index) => _logits.AsSpan(index * _engine.Config.VocabularySize, _engine.Config.VocabularySize);

    /// <summary>As <see cref="LogitsOf"/>.</summary>
    public ReadOnlySpan<float> HiddenStateOf(int index) => _hiddenStates.AsSpan(index * _engine.Config.HiddenSize, _engine.Config.HiddenSize);

    /// <summary>The rows that fit: stops before the first wanted row that finds no room among the outputs.</summary>
    public (int Rows, int Outputs) TakeRows(int rowsLeft, int outputsLeft)
    {
        int rows = Math.Min(Length - Computed, rowsLeft);
        int outputs = 0;
        while (WantedDone + outputs < WantedCount && _wanted[WantedDone + outputs] < Computed + rows)
        {
            if (outputs == outputsLeft)
                rows = _wanted[WantedDone + outputs] - Computed;
            else
                outputs++;
        }

        return (rows, outputs);
    }

    /// <summary>Appends checked tokens without running them.</summary>
    public void Append(ReadOnlySpan<int> tokens)
    {
        BeginUse();
        tokens.CopyTo(_tokens.AsSpan(Length));
        Length += tokens.Length;
        UpdateRiding();
    }

    /// <summary>Starts a call; everything has been checked. True when there is nothing to compute and it is complete already.</summary>
    public bool BeginCall(ReadOnlySpan<int> tokens, ReadOnlySpan<int> wanted, CancellationToken cancellationToken)
    {
        BeginUse();
        _lengthBeforeCall = Length;
        tokens.CopyTo(_tokens.AsSpan(Length));
        Length += tokens.Length;
        SetWanted(wanted);
        _call.Reset();
        _cancelRequested = false;
        if (!InStep && Computed == Length)
        {
            _call.SetResult(new AdvanceResult(this, Generation, 0));
            return true;
        }

        InFlight = true;
        UpdateRiding();
        _engine.Active.Add(this);
        _cancellation = cancellationToken;
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(OnCancelled, this);
        return false;
    }

    public ValueTask<AdvanceResult> Call => new(this, _call.Version);

    public void TruncateTo(int length)
    {
        BeginUse();
        Length = length;
        RewindTo(length);
        UpdateRiding();
    }

    /// <summary>Starts as a copy of another session that has no call in flight.</summary>
    public void CopyFrom(SessionState parent)
    {
        parent.Tokens.CopyTo(_tokens);
        Length = parent.Length;
        Computed = parent.Computed;
        SharedPrefixTokens = parent.Computed;
        parent.Blocks.ShareWith(Blocks, parent.Computed);
        UpdateRiding();
    }

    /// <summary>Takes over what other sessions have computed of the same prefix, short of the first wanted position.</summary>
    public int AdoptPrefix()
    {
        int limit = WantedDone < WantedCount ? _wanted[WantedDone] : Length;
        int before = Computed;
        Computed = Blocks.AdoptPrefix(Tokens, Computed, limit);
        SharedPrefixTokens += Computed - before;
        return Computed - before;
    }

    public bool IsCallDone => Computed == Length && WantedDone == WantedCount;

    public void EnterStep(int rows, List<BlockCopy> copies)
    {
        InStep = true;
        _validUpTo = int.MaxValue;
        Blocks.PrepareRows(Computed, rows, copies);
    }

    /// <summary>Keeps a step's results for the caller; not guarded, the buffers belong to the call in flight.</summary>
    public void TakeOutputs(StepOutput output, int firstOutput, int count)
    {
        int vocabulary = _engine.Config.VocabularySize;
        int hidden = _engine.Config.HiddenSize;
        for (int i = 0; i < count; i++)
        {
            output.Logits(firstOutput + i).CopyTo(_logits.AsSpan((WantedDone + i) * vocabulary));
            output.HiddenState(firstOutput + i).CopyTo(_hiddenStates.AsSpan((WantedDone + i) * hidden));
        }
    }

    /// <summary>The step is over; true when that answered the call in flight.</summary>
    public bool LeaveStep(in StepEntry entry)
    {
        InStep = false;
        Work = new SessionWork(Work.StepCount + 1, Work.ComputedTokenCount + entry.Rows, _engine.StepBegan, _engine.StepTime);
        if (entry.Failure is { } failure && !Disposed)
            Fail(failure);
        if (Disposed || Failure is not null)
        {
            ReturnCapacity();
            return false;
        }

        // Rows past a truncation or a position asked again while the step ran do not count.
        int reached = Math.Min(entry.Start + entry.Rows, _validUpTo);
        if (reached > entry.Start)
            Blocks.MarkComputed(Tokens, entry.Start, reached);
        Computed = reached;
        WantedDone += entry.Outputs;
        Blocks.TrimTo(Computed);
        if (_cancelRequested)
            CompleteCancelled();
        else if (InFlight && IsCallDone)
            return Complete();
        UpdateRiding();
        return false;
    }

    /// <summary>Answers the call in flight.</summary>
    public bool Complete()
    {
        EndCall();
        _answeredInStep = _engine.StepNumber;
        _call.SetResult(new AdvanceResult(this, Generation, WantedCount));
        return true;
    }

    /// <summary>The loop is gone: no step will end any more.</summary>
    public void Abandon(SessionFailedException failure)
    {
        InStep = false;
        Fail(failure);
    }

    public void Fail(SessionFailedException failure)
    {
        Failure = failure;
        _engine.Counters.FailedSessions++;
        if (InFlight)
        {
            EndCall();
            _call.SetException(failure);
        }

        if (!InStep)
            ReturnCapacity();
    }

    public void Dispose()
    {
        if (Disposed)
            return;
        BeginUse();
        Disposed = true;
        if (InFlight)
        {
            EndCall();
            _call.SetException(new ObjectDisposedException(nameof(InferenceSession)));
        }

        if (!InStep)
            ReturnCapacity();
    }

    AdvanceResult IValueTaskSource<AdvanceResult>.GetResult(short token) => _call.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<AdvanceResult>.GetStatus(short token) => _call.GetStatus(token);

    void IValueTaskSource<AdvanceResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _call.OnCompleted(continuation, state, token, flags);

    private void BeginUse()
    {
        Generation++;
        if (_answeredInStep == _engine.StepNumber && _engine.Awaited > 0)
            _engine.Awaited--;
        _answeredInStep = -1;
    }

    private void SetWanted(ReadOnlySpan<int> wanted)
    {
        WantedCount = wanted.Length;
        WantedDone = 0;
        if (wanted.IsEmpty)
            return;
        if (_wanted.Length < wanted.Length)
            _wanted = new int[wanted.Length];
        wanted.CopyTo(_wanted);
        Grow(ref _logits, (long)wanted.Length * _engine.Config.VocabularySize);
        Grow(ref _hiddenStates, (long)wanted.Length * _engine.Config.HiddenSize);
        RewindTo(wanted[0]);
    }

    private static void Grow(ref float[] buffer, long length)
    {
        if (buffer.Length < length)
            buffer = new float[length];
    }

    /// <summary>Positions from here on have to be computed (again).</summary>
    private void RewindTo(int position)
    {
        _validUpTo = Math.Min(_validUpTo, position);
        Computed = Math.Min(Computed, position);
        if (!InStep)
            Blocks.TrimTo(Computed);
    }

    private void UpdateRiding()
    {
        bool rides = !InFlight && !Disposed && Failure is null && Computed < Length;
        int index = _engine.Riding.IndexOf(this);
        if (rides && index < 0)
            _engine.Riding.Add(this);
        else if (!rides && index >= 0)
            _engine.Riding.RemoveAt(index);
    }

    private void Cancel(CancellationToken token)
    {
        lock (_engine.Gate)
        {
            if (!InFlight || token != _cancellation)
                return;
            _cancelRequested = true;
            if (!InStep)
                CompleteCancelled();
        }
    }

    /// <summary>Undoes the call: the session is as long as before it.</summary>
    private void CompleteCancelled()
    {
        _cancelRequested = false;
        Length = Math.Min(Length, _lengthBeforeCall);
        Computed = Math.Min(Computed, Length);
        Blocks.TrimTo(Computed);
        EndCall();
        UpdateRiding();
        _call.SetException(new OperationCanceledException(_cancellation));
    }

    private void EndCall()
    {
        Debug.Assert(InFlight, "No call is in flight.");
        InFlight = false;
        _engine.Active.Remove(this);
        _registration.Unregister();
        _registration = default;
    }

    private void ReturnCapacity()
    {
        Blocks.TrimTo(0);
        Computed = 0;
        UpdateRiding();
        if (!_engine.Open.Remove(this))
            return;
        _engine.Pool.Unreserve(Blocks.Capacity);
        _engine.CapacityFreed();
    }
}
