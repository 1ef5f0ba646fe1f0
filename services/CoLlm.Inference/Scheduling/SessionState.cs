using System.Diagnostics;
using CoLlm.Inference.Failures;
using CoLlm.Inference.KvCache;
using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Scheduling;

/// <summary>
/// The engine's side of a session: its tokens, what of them is computed, its blocks and the call in flight. Guarded by the engine's
/// lock unless a member says otherwise.
/// </summary>
internal sealed class SessionState
{
    private static readonly Action<object?, CancellationToken> OnCancelled = static (session, token) => ((SessionState)session!).Cancel(token);

    private readonly EngineState _engine;
    private readonly int[] _tokens;
    private readonly SessionCall _call = new();
    private bool _cancelRequested;
    private int _lengthBeforeCall;
    private int _validUpTo;
    private long _answeredInStep = -1;
    private AdvanceResult _answer;

    public SessionState(EngineState engine, int maxTokens)
    {
        _engine = engine;
        _tokens = new int[maxTokens];
        Blocks = new BlockTable(engine.Pool, maxTokens);
        Results = new SessionResults(engine.Config.VocabularySize, engine.Config.HiddenSize, engine.BackendReduces);
    }

    public BlockTable Blocks { get; }

    /// <summary>The positions that the call in flight wants, or the last one wanted, and what they gave.</summary>
    public SessionResults Results { get; }

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

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Length);

    /// <summary>As <see cref="Tokens"/>; does not change while a call is in flight.</summary>
    public ReadOnlyMemory<int> TokensMemory => _tokens.AsMemory(0, Length);

    /// <summary>The rows that fit: stops before the first wanted row that finds no room among the outputs.</summary>
    public (int Rows, int Outputs) TakeRows(int rowsLeft, int outputsLeft) =>
        Results.Fit(Computed, Math.Min(Length - Computed, rowsLeft), outputsLeft);

    /// <summary>Appends checked tokens without running them.</summary>
    public void Append(ReadOnlySpan<int> tokens)
    {
        BeginUse();
        tokens.CopyTo(_tokens.AsSpan(Length));
        Length += tokens.Length;
        UpdateRiding();
    }

    /// <summary>Starts a call; everything has been checked. It is complete at once when there is nothing to compute.</summary>
    public void BeginCall(ReadOnlySpan<int> tokens, ReadOnlySpan<int> wanted, in OutputReduction reduction, CancellationToken cancellationToken)
    {
        BeginUse();
        _lengthBeforeCall = Length;
        tokens.CopyTo(_tokens.AsSpan(Length));
        Length += tokens.Length;
        Results.Begin(wanted, reduction);
        if (!wanted.IsEmpty)
            RewindTo(wanted[0]);
        _call.Begin();
        _cancelRequested = false;
        if (!InStep && Computed == Length)
        {
            _call.Complete(new AdvanceResult(this, Generation, 0));
            return;
        }

        InFlight = true;
        UpdateRiding();
        _engine.Active.Add(this);
        _call.Watch(OnCancelled, this, cancellationToken);
    }

    public ValueTask<AdvanceResult> Call => _call.Task;

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
        int limit = Results.NextWanted ?? Length;
        int before = Computed;
        Computed = Blocks.AdoptPrefix(Tokens, Computed, limit);
        SharedPrefixTokens += Computed - before;
        return Computed - before;
    }

    public bool IsCallDone => Computed == Length && Results.NextWanted is null;

    public void EnterStep(int rows, List<BlockCopy> copies)
    {
        InStep = true;
        _validUpTo = int.MaxValue;
        Blocks.PrepareRows(Computed, rows, copies);
    }

    /// <summary>The step is over; true when that ended the call in flight, which is then to be answered without the lock.</summary>
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
        Results.Answered(entry.Outputs);
        Blocks.TrimTo(Computed);
        if (_cancelRequested)
            CompleteCancelled();
        else if (InFlight && IsCallDone)
            return EndAnsweredCall();
        UpdateRiding();
        return false;
    }

    /// <summary>Ends the call in flight, all of whose results are there, and answers it.</summary>
    public void Complete()
    {
        EndAnsweredCall();
        Answer(here: false);
    }

    /// <summary>Hands the results of the call that has just ended to its caller. Needs no lock.</summary>
    /// <param name="here">The caller goes on upon this thread.</param>
    public void Answer(bool here)
    {
        if (here)
            _call.CompleteHere(_answer);
        else
            _call.Complete(_answer);
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
        EndWith(failure);
    }

    public void Dispose()
    {
        if (Disposed)
            return;
        BeginUse();
        Disposed = true;
        EndWith(new ObjectDisposedException(nameof(InferenceSession)));
    }

    private void EndWith(Exception reason)
    {
        if (InFlight)
        {
            EndCall();
            _call.Fail(reason);
        }

        if (!InStep)
            ReturnCapacity();
    }

    private void BeginUse()
    {
        Generation++;
        if (_answeredInStep == _engine.StepNumber && _engine.Awaited > 0)
            _engine.Awaited--;
        _answeredInStep = -1;
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
        if (!rides)
            _engine.Riding.Remove(this);
        else if (!_engine.Riding.Contains(this))
            _engine.Riding.Add(this);
    }

    private void Cancel(CancellationToken token)
    {
        lock (_engine.Gate)
        {
            if (!InFlight || token != _call.Cancellation)
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
        _call.Fail(new OperationCanceledException(_call.Cancellation));
    }

    private bool EndAnsweredCall()
    {
        EndCall();
        _answeredInStep = _engine.StepNumber;
        _answer = new AdvanceResult(this, Generation, Results.Wanted.Length);
        return true;
    }

    private void EndCall()
    {
        Debug.Assert(InFlight, "No call is in flight.");
        InFlight = false;
        _engine.Active.Remove(this);
        _call.Unwatch();
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
