namespace CoLlm.Inference.Failures;

/// <summary>The bounds that the engine refuses requests at.</summary>
public enum EngineBound
{
    /// <summary><see cref="InferenceEngineOptions.MaxSessions"/>.</summary>
    Sessions,

    /// <summary>Unreserved blocks of the KV pool, see <see cref="InferenceEngineOptions.KvBlockCount"/>.</summary>
    KvBlocks,

    /// <summary>The model's context length.</summary>
    ContextLength,

    /// <summary>The tokens the session reserved when it was opened.</summary>
    SessionTokens,

    /// <summary><see cref="InferenceEngineOptions.MaxQueuedOpens"/>.</summary>
    QueuedOpens,

    /// <summary><see cref="InferenceEngineOptions.MaxPositionsPerAdvance"/>.</summary>
    PositionsPerAdvance,

    /// <summary>The engine is draining or stopped.</summary>
    Stopped,
}

/// <summary>Which bound a request met, with the numbers.</summary>
/// <param name="Bound">The bound.</param>
/// <param name="Requested">What the request asked for, in the bound's unit (sessions, blocks, tokens, positions).</param>
/// <param name="Available">What was left of the bound at that moment.</param>
/// <param name="Limit">The bound's value.</param>
public readonly record struct EngineRefusal(EngineBound Bound, long Requested, long Available, long Limit)
{
    /// <summary>Waiting does not help: the request exceeds the bound itself.</summary>
    public bool IsPermanent => Bound is EngineBound.Stopped or EngineBound.SessionTokens || Requested > Limit;

    /// <summary>One sentence with the bound and its numbers.</summary>
    public override string ToString() => Bound switch
    {
        EngineBound.Sessions => $"All {Limit} sessions of the engine are open.",
        EngineBound.KvBlocks => $"The session needs {Requested} KV blocks, but {Available} of {Limit} are unreserved.",
        EngineBound.ContextLength => $"The session asks for {Requested} tokens, but the model's context holds {Limit}.",
        EngineBound.SessionTokens => $"The session would hold {Requested} tokens, but it reserved {Limit}.",
        EngineBound.QueuedOpens => $"All {Limit} places in the queue for sessions are taken.",
        EngineBound.PositionsPerAdvance => $"The call wants {Requested} positions, but one call returns at most {Limit}.",
        _ => "The engine is stopping and takes no new work.",
    };
}

/// <summary>The engine refused because of a bound; nothing was changed.</summary>
public sealed class EngineRefusedException(EngineRefusal refusal) : InferenceException(refusal.ToString())
{
    public EngineRefusal Refusal { get; } = refusal;
}
