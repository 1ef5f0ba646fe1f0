using System.Diagnostics;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Failures;
using CoLlm.Inference.KvCache;

namespace CoLlm.Inference.Scheduling;

/// <summary>Runs one step after another: choose rows, compute them, hand out the results. Called by one thread, the engine's loop.</summary>
internal sealed class StepRunner
{
    private readonly EngineState _engine;
    private readonly IInferenceBackend _backend;
    private readonly StepOutput _output;
    private readonly List<StepEntry> _entries;
    private readonly List<BlockCopy> _copies;
    private readonly List<SessionState> _unfinished;
    private readonly List<SessionState> _answered;
    private StepPlan _plan;
    private StepPlan _planWithoutFailed;

    public StepRunner(EngineState engine, IInferenceBackend backend)
    {
        _engine = engine;
        _backend = backend;
        InferenceEngineOptions options = engine.Options;
        _output = new StepOutput(engine.Config.VocabularySize, engine.Config.HiddenSize);
        _output.EnsureCapacity(options.MaxOutputsPerStep);
        _entries = new List<StepEntry>(options.MaxSessions);
        _copies = new List<BlockCopy>(options.MaxSessions);
        _unfinished = new List<SessionState>(options.MaxSessions);
        _answered = new List<SessionState>(options.MaxSessions);
        _plan = new StepPlan(options.MaxRowsPerStep, options.MaxSessions);
        _planWithoutFailed = new StepPlan();
    }

    /// <summary>Calls that the last step answered.</summary>
    public int AnsweredCount => _answered.Count;

    /// <summary>Runs one step; false when no session has a call in flight.</summary>
    public bool RunStep()
    {
        _answered.Clear();
        lock (_engine.Gate)
        {
            if (_engine.Active.Count == 0)
                return false;
            BuildPlan();
            _engine.StepBegan = Stopwatch.GetTimestamp();
        }

        if (_entries.Count == 0)
            return true;
        Compute();
        lock (_engine.Gate)
        {
            _engine.StepTime = Stopwatch.GetElapsedTime(_engine.StepBegan);
            FinishStep();
        }

        Answer();
        return true;
    }

    /// <summary>
    /// Answers the calls that the step has ended, without the lock: their callers want it at once. The last of them may go on upon this
    /// thread, which has nothing to do before they come back.
    /// </summary>
    private void Answer()
    {
        for (int i = 0; i < _answered.Count; i++)
            _answered[i].Answer(here: _engine.Options.ContinueOnLoop && i == _answered.Count - 1);
    }

    private void BuildPlan()
    {
        _entries.Clear();
        _copies.Clear();
        _plan.Clear();
        _engine.Awaited = 0;

        // 1 Whatever another session has computed already needs no rows; a call may be answered by that alone.
        for (int i = _engine.Active.Count - 1; i >= 0; i--)
        {
            SessionState session = _engine.Active[i];
            _engine.Counters.SharedPrefixTokens += session.AdoptPrefix();
            if (session.IsCallDone)
                session.Complete();
        }

        // 2 Rows, blocks to write them to, and the plan.
        StepScheduler.Choose(_engine.Active, _engine.Riding, _engine.Options, _entries);
        foreach (StepEntry entry in _entries)
        {
            SessionState session = entry.Session;
            session.EnterStep(entry.Rows, _copies);
            AddToPlan(session, entry);
        }
    }

    private void AddToPlan(SessionState session, in StepEntry entry)
    {
        Span<int> offsets = entry.Outputs <= 64 ? stackalloc int[entry.Outputs] : new int[entry.Outputs];
        for (int i = 0; i < entry.Outputs; i++)
            offsets[i] = session.Results.Unanswered[i] - entry.Start;
        _plan.Add(
            session.Tokens.Slice(entry.Start, entry.Rows),
            entry.Start,
            session.Blocks.Ids,
            offsets,
            session.Results.ReductionOfNext(entry.Outputs),
            session.Results.IsReduced ? session.TokensMemory : default);
    }

    /// <summary>Computes the plan. A session whose numbers blow up is taken out and the others are computed again without it.</summary>
    private void Compute()
    {
        try
        {
            foreach (BlockCopy copy in _copies)
                _backend.CopyBlock(copy.From, copy.To);
            while (_plan.Sequences.Length > 0 && !TryRun())
            {
            }
        }
        catch (Exception e)
        {
            FailAll(e);
        }

        int output = 0;
        foreach (StepEntry entry in _entries)
        {
            if (entry.Failure is not null)
                continue;
            entry.Session.Results.Take(_output, output, entry.Outputs);
            output += entry.Outputs;
        }
    }

    private bool TryRun()
    {
        try
        {
            _backend.Run(_plan, _output);
            return true;
        }
        catch (NonFiniteActivationException e) when (e.SequenceIndex >= 0 && e.SequenceIndex < _plan.Sequences.Length)
        {
            int failed = IndexOfSequence(e.SequenceIndex);
            string message = $"The session's activations are not finite at positions up to {_entries[failed].Start + _entries[failed].Rows - 1}: {e.Message}";
            SetFailure(failed, new SessionFailedException(SessionFailure.NonFiniteActivation, message, e));
            RemoveSequence(e.SequenceIndex);
            return false;
        }
    }

    /// <summary>Entry of the plan's sequence: failed entries have left the plan.</summary>
    private int IndexOfSequence(int sequence)
    {
        for (int i = 0; ; i++)
        {
            if (_entries[i].Failure is null && sequence-- == 0)
                return i;
        }
    }

    private void RemoveSequence(int removed)
    {
        _planWithoutFailed.Clear();
        for (int i = 0; i < _plan.Sequences.Length; i++)
        {
            if (i == removed)
                continue;
            PlanSequence sequence = _plan.Sequences[i];
            int[] offsets = _plan.OutputRows.Slice(sequence.FirstOutput, sequence.OutputCount).ToArray();
            for (int j = 0; j < offsets.Length; j++)
                offsets[j] -= sequence.FirstRow;
            _planWithoutFailed.Add(
                _plan.TokenIds.Slice(sequence.FirstRow, sequence.RowCount),
                sequence.StartPosition,
                _plan.BlockTable.Slice(sequence.BlockTableOffset, sequence.BlockCount),
                offsets,
                sequence.Reduction,
                sequence.Tokens);
        }

        (_plan, _planWithoutFailed) = (_planWithoutFailed, _plan);
    }

    private void FailAll(Exception cause)
    {
        string message = $"The backend '{_backend.Name}' failed in a step of {_entries.Count} sessions: {cause.Message}";
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Failure is null)
                SetFailure(i, new SessionFailedException(SessionFailure.BackendFault, message, cause));
        }
    }

    private void SetFailure(int index, SessionFailedException failure) => _entries[index] = _entries[index] with { Failure = failure };

    private void FinishStep()
    {
        _engine.StepNumber++;
        CountStep();
        foreach (StepEntry entry in _entries)
        {
            if (entry.Session.LeaveStep(entry))
                _answered.Add(entry.Session);
        }

        _engine.Awaited = _answered.Count;

        // Served sessions that are not done go behind those that were left out.
        _unfinished.Clear();
        foreach (StepEntry entry in _entries)
        {
            if (entry.Session.InFlight && _engine.Active.Remove(entry.Session))
                _unfinished.Add(entry.Session);
        }

        _engine.Active.AddRange(_unfinished);
        RotateRiding();
    }

    private void RotateRiding()
    {
        foreach (StepEntry entry in _entries)
        {
            if (_engine.Riding.Remove(entry.Session))
                _engine.Riding.Add(entry.Session);
        }
    }

    private void CountStep()
    {
        int rows = 0;
        int outputs = 0;
        int rideAlongRows = 0;
        foreach (StepEntry entry in _entries)
        {
            rows += entry.Rows;
            outputs += entry.Outputs;
            rideAlongRows += entry.Session.InFlight ? 0 : entry.Rows;
        }

        _engine.Counters.CountStep(rows, outputs, rideAlongRows, _engine.StepTime);
        _engine.Counters.CopiedBlocks += _copies.Count;
    }
}
