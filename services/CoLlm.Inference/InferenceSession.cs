using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Scheduling;

namespace CoLlm.Inference;

/// <summary>
/// One sequence of tokens on the engine, advanced from outside. Its cache holds keys and values of the tokens computed so far; the
/// rest are pending.
/// </summary>
/// <remarks>
/// It has one owner: calls may come from any thread, but one after another, and while an <see cref="AdvanceAsync(ReadOnlyMemory{int}, WantedPositions, CancellationToken)"/> is in flight only
/// <see cref="Dispose"/> and cancellation are allowed. A call that breaks this rule throws <see cref="InvalidOperationException"/>.
/// </remarks>
public sealed class InferenceSession : IDisposable
{
    private readonly EngineState _engine;
    private readonly Admission _admission;
    private readonly SessionState _state;

    internal InferenceSession(EngineState engine, Admission admission, SessionState state)
    {
        _engine = engine;
        _admission = admission;
        _state = state;
    }

    /// <summary>Tokens it may hold: what it reserved when it was opened.</summary>
    public int MaxTokens => _state.MaxTokens;

    /// <summary>Tokens it holds, pending ones included.</summary>
    public int Length => Read(static s => s.Length);

    /// <summary>Tokens whose keys and values are in the cache.</summary>
    public int ComputedLength => Read(static s => s.Computed);

    /// <summary>Tokens that it did not have to compute because another session had.</summary>
    public int SharedPrefixTokens => Read(static s => s.SharedPrefixTokens);

    /// <summary>What it has cost so far.</summary>
    public SessionWork Work => Read(static s => s.Work);

    /// <summary>All its tokens; valid until the next call.</summary>
    public ReadOnlySpan<int> Tokens
    {
        get
        {
            lock (_engine.Gate)
                return _state.Tokens;
        }
    }

    /// <summary>
    /// Appends tokens without asking for anything. They are computed with the next <see cref="AdvanceAsync(ReadOnlyMemory{int}, WantedPositions, CancellationToken)"/>, or earlier where a step
    /// of other sessions has room for them; they never cause a step.
    /// </summary>
    /// <exception cref="InvalidRequestException">A token is outside the vocabulary.</exception>
    /// <exception cref="EngineRefusedException">The session would hold more tokens than it reserved.</exception>
    /// <exception cref="SessionFailedException">The session is lost.</exception>
    public void Append(ReadOnlySpan<int> tokens)
    {
        CheckVocabulary(tokens);
        lock (_engine.Gate)
        {
            ThrowIfUnusable();
            CheckRoom(tokens.Length);
            _state.Append(tokens);
        }
    }

    /// <summary>
    /// Appends tokens, computes everything pending and returns the logits and hidden states of the wanted positions. Allocates nothing
    /// in steady state.
    /// </summary>
    /// <param name="tokens">May be empty; copied before the method returns.</param>
    /// <param name="wanted">Positions to return; the last one if not given.</param>
    /// <param name="cancellationToken">
    /// Cancelling undoes the call: the session is as long as before it and its blocks are home. If a step is computing this session, that
    /// happens when the step ends.
    /// </param>
    /// <returns>Await it once, before the session's next call.</returns>
    /// <exception cref="InvalidRequestException">A token is outside the vocabulary, or a position outside the session.</exception>
    /// <exception cref="EngineRefusedException">More tokens than reserved, or more positions than one call returns.</exception>
    /// <exception cref="SessionFailedException">The session is lost (thrown here or by the awaited result).</exception>
    public ValueTask<AdvanceResult> AdvanceAsync(
        ReadOnlyMemory<int> tokens, WantedPositions wanted = default, CancellationToken cancellationToken = default) =>
        AdvanceAsync(tokens, wanted, OutputReduction.None, cancellationToken);

    /// <summary>
    /// As above, for callers that want less than whole logits: <see cref="OutputReducer"/> gives it from the result, and a backend that
    /// can has made it on its device.
    /// </summary>
    /// <param name="tokens">May be empty; copied before the method returns.</param>
    /// <param name="wanted">Positions to return.</param>
    /// <param name="reduction">What to make of their logits.</param>
    /// <param name="cancellationToken">Cancelling undoes the call.</param>
    /// <returns>Await it once, before the session's next call.</returns>
    /// <exception cref="InvalidRequestException">As above, or the reduction does not fit the model or the positions.</exception>
    /// <exception cref="EngineRefusedException">More tokens than reserved, or more positions than one call returns.</exception>
    /// <exception cref="SessionFailedException">The session is lost (thrown here or by the awaited result).</exception>
    public ValueTask<AdvanceResult> AdvanceAsync(
        ReadOnlyMemory<int> tokens, WantedPositions wanted, OutputReduction reduction, CancellationToken cancellationToken = default)
    {
        CheckVocabulary(tokens.Span);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<AdvanceResult>(cancellationToken);
        lock (_engine.Gate)
        {
            ThrowIfUnusable();
            CheckRoom(tokens.Length);
            Begin(tokens.Span, wanted, reduction, cancellationToken);
            Monitor.Pulse(_engine.Gate);
            return _state.Call;
        }
    }

    /// <summary>Forgets all tokens from position <paramref name="length"/> on; their blocks go home at once.</summary>
    /// <exception cref="InvalidRequestException">The session is not that long.</exception>
    /// <exception cref="SessionFailedException">The session is lost.</exception>
    public void Truncate(int length)
    {
        lock (_engine.Gate)
        {
            ThrowIfUnusable();
            if (length < 0 || length > _state.Length)
                throw new InvalidRequestException($"A session of {_state.Length} tokens cannot be truncated to {length}.");
            _state.TruncateTo(length);
        }
    }

    /// <summary>A second session with the same tokens that shares what is computed; blocks are copied when one of the two writes to them.</summary>
    /// <param name="maxTokens">What the new session reserves; null: as much as this one.</param>
    /// <exception cref="EngineRefusedException">There is no room for another session.</exception>
    /// <exception cref="SessionFailedException">This session is lost.</exception>
    public InferenceSession Fork(int? maxTokens = null)
    {
        lock (_engine.Gate)
        {
            ThrowIfUnusable();
            int reserved = maxTokens ?? MaxTokens;
            if (reserved < _state.Length)
                throw new EngineRefusedException(new EngineRefusal(EngineBound.SessionTokens, _state.Length, 0, reserved));
            SessionState child = _admission.TryOpen(reserved, out EngineRefusal refusal) ?? throw new EngineRefusedException(refusal);
            child.CopyFrom(_state);
            return new InferenceSession(_engine, _admission, child);
        }
    }

    /// <summary>
    /// Closes the session and returns its blocks, at once or when the step that computes it ends. A call in flight fails with
    /// <see cref="ObjectDisposedException"/>. May be called at any time from any thread.
    /// </summary>
    public void Dispose()
    {
        lock (_engine.Gate)
            _state.Dispose();
    }

    private void Begin(ReadOnlySpan<int> tokens, WantedPositions wanted, in OutputReduction reduction, CancellationToken cancellationToken)
    {
        int length = _state.Length + tokens.Length;
        switch (wanted.Kind)
        {
            case WantedPositions.Choice.None:
                Begin(tokens, [], reduction, cancellationToken);
                break;
            case WantedPositions.Choice.Last:
                if (length == 0)
                    throw new InvalidRequestException("An empty session has no last position.");
                Begin(tokens, [length - 1], reduction, cancellationToken);
                break;
            case WantedPositions.Choice.New:
                CheckPositionCount(tokens.Length);
                int[] positions = [.. Enumerable.Range(_state.Length, tokens.Length)];
                Begin(tokens, positions, reduction, cancellationToken);
                break;
            default:
                CheckPositions(wanted.Listed.Span, length);
                Begin(tokens, wanted.Listed.Span, reduction, cancellationToken);
                break;
        }
    }

    private void Begin(ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions, in OutputReduction reduction, CancellationToken cancellationToken)
    {
        if (reduction.FindProblem(_engine.Config.VocabularySize, positions.Length) is { } problem)
            throw new InvalidRequestException(problem);
        _state.BeginCall(tokens, positions, reduction, cancellationToken);
    }

    private void CheckPositions(ReadOnlySpan<int> positions, int length)
    {
        CheckPositionCount(positions.Length);
        for (int i = 0; i < positions.Length; i++)
        {
            if (positions[i] < 0 || positions[i] >= length || (i > 0 && positions[i] <= positions[i - 1]))
                throw new InvalidRequestException($"Position {positions[i]} is outside the {length} tokens of the session or not above the one before it.");
        }
    }

    private void CheckPositionCount(int count)
    {
        int most = _engine.Options.MaxPositionsPerAdvance;
        if (count > most)
            throw new EngineRefusedException(new EngineRefusal(EngineBound.PositionsPerAdvance, count, most, most));
    }

    private void CheckVocabulary(ReadOnlySpan<int> tokens)
    {
        int vocabulary = _engine.Config.VocabularySize;
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)vocabulary)
                throw new InvalidRequestException($"Token {i} of the call is {tokens[i]}, outside the vocabulary of {vocabulary}.");
        }
    }

    private void CheckRoom(int newTokens)
    {
        long length = (long)_state.Length + newTokens;
        if (length > MaxTokens)
            throw new EngineRefusedException(new EngineRefusal(EngineBound.SessionTokens, length, MaxTokens - _state.Length, MaxTokens));
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_state.Disposed, this);
        if (_state.Failure is { } failure)
            throw new SessionFailedException(failure.Failure, failure.Message, failure);
        if (_state.InFlight)
            throw new InvalidOperationException("The session has a call in flight.");
    }

    private T Read<T>(Func<SessionState, T> read)
    {
        lock (_engine.Gate)
            return read(_state);
    }
}
