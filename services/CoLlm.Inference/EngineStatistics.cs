namespace CoLlm.Inference;

/// <summary>What the engine is doing and has done since it started: one consistent snapshot, cheap enough to take at every scrape.</summary>
public readonly record struct EngineStatistics
{
    public required int OpenSessions { get; init; }

    /// <summary>Sessions with a call in flight.</summary>
    public required int RunningSessions { get; init; }

    /// <summary>Callers that wait for a session to be opened.</summary>
    public required int QueuedOpens { get; init; }

    /// <summary>Appended tokens that are not computed yet, over all sessions.</summary>
    public required long PendingTokens { get; init; }

    public required int KvBlocks { get; init; }

    /// <summary>Blocks that sessions have reserved; admission refuses when none are left.</summary>
    public required int KvBlocksReserved { get; init; }

    /// <summary>Blocks that hold keys and values of open sessions.</summary>
    public required int KvBlocksHeld { get; init; }

    /// <summary>Blocks without a session that are kept for their prefix; they count as free.</summary>
    public required int KvBlocksCached { get; init; }

    public required long Steps { get; init; }

    /// <summary>What the steps took together: the time in which the backend was busy.</summary>
    public required TimeSpan StepTime { get; init; }

    /// <summary>Tokens computed.</summary>
    public required long Rows { get; init; }

    /// <summary>Positions whose logits were returned.</summary>
    public required long Outputs { get; init; }

    /// <summary>Tokens that were computed in steps caused by other sessions.</summary>
    public required long RideAlongRows { get; init; }

    /// <summary>Tokens that were not computed because another session had done so.</summary>
    public required long SharedPrefixTokens { get; init; }

    /// <summary>Blocks copied because a forked session wrote to them.</summary>
    public required long CopiedBlocks { get; init; }

    public required long FailedSessions { get; init; }

    public required long Refusals { get; init; }

    /// <summary>Reserved part of the pool, 0 to 1: what autoscalers look at.</summary>
    public double KvUtilisation => (double)KvBlocksReserved / KvBlocks;
}
