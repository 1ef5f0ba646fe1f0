using System.Numerics;

namespace CoLlm.Inference;

/// <summary>The engine's bounds. Every queue and buffer it owns is limited by one of them.</summary>
public sealed record InferenceEngineOptions
{
    /// <summary>Tokens per KV block, a power of two from 16 to 1024. Prefixes are shared in whole blocks.</summary>
    /// <value>16.</value>
    public int BlockSizeTokens { get; init; } = 16;

    /// <summary>Blocks in the KV pool; null: as many as fit into <see cref="KvCacheBytes"/>.</summary>
    /// <value>null.</value>
    public int? KvBlockCount { get; init; }

    /// <summary>Most memory for keys and values when <see cref="KvBlockCount"/> is null; never more than all sessions can use.</summary>
    /// <value>null: what is free on a device with memory of its own, 1 GiB elsewhere.</value>
    public long? KvCacheBytes { get; init; }

    /// <summary>Free blocks that are kept for later sessions with the same prefix, least recently used first out; null: all free blocks.</summary>
    /// <value>null.</value>
    public int? PrefixCacheBlocks { get; init; }

    /// <summary>Token rows in one step, at least 8: bounds how long a step takes and the backend's scratch memory.</summary>
    /// <value>256.</value>
    public int MaxRowsPerStep { get; init; } = 256;

    /// <summary>Rows that prompts get in a step that also decodes: bounds how much a long prompt delays the next token of others.</summary>
    /// <value>64.</value>
    public int MaxPrefillRowsBesideDecode { get; init; } = 64;

    /// <summary>Rows that lazily appended tokens get in a step that runs anyway; 0: they wait for their own call.</summary>
    /// <value>16.</value>
    public int MaxRideAlongRows { get; init; } = 16;

    /// <summary>Rows of one step whose logits are returned, at least 2: bounds the output buffers.</summary>
    /// <value>64.</value>
    public int MaxOutputsPerStep { get; init; } = 64;

    /// <summary>Positions that one call may ask results for: bounds a session's result buffer.</summary>
    /// <value>256.</value>
    public int MaxPositionsPerAdvance { get; init; } = 256;

    /// <summary>Sessions open at the same time.</summary>
    /// <value>64.</value>
    public int MaxSessions { get; init; } = 64;

    /// <summary>Callers that may wait for a session to become free; 0: refuse at once.</summary>
    /// <value>64.</value>
    public int MaxQueuedOpens { get; init; } = 64;

    /// <summary>
    /// Longest time the loop waits, after a step, for the sessions it has just answered to come back, so that they share the next step
    /// too; never more than 1/32 of that step or 250 microseconds, whichever is longer. Zero: never wait.
    /// </summary>
    /// <value>1 ms.</value>
    public TimeSpan GatherWindow { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// Lets the caller whose session a step answered last go on upon the loop thread itself, before the next step. It saves a change of
    /// thread per step where callers come straight back with their next token, as decoding does; such callers must never block.
    /// </summary>
    /// <value>false: callers go on upon the thread pool.</value>
    public bool ContinueOnLoop { get; init; }

    /// <exception cref="ArgumentException">A value is outside its range; the message names it.</exception>
    public void Validate()
    {
        Check(BlockSizeTokens is >= 16 and <= 1024 && BitOperations.IsPow2(BlockSizeTokens), nameof(BlockSizeTokens), "a power of two from 16 to 1024");
        Check(KvBlockCount is null or > 0, nameof(KvBlockCount), "positive");
        Check(KvCacheBytes is null or > 0, nameof(KvCacheBytes), "positive");
        Check(PrefixCacheBlocks is null or >= 0, nameof(PrefixCacheBlocks), "zero or more");
        Check(MaxRowsPerStep is >= 8 and <= 1 << 16, nameof(MaxRowsPerStep), "from 8 to 65536");
        Check(MaxPrefillRowsBesideDecode >= 1, nameof(MaxPrefillRowsBesideDecode), "at least 1");
        Check(MaxRideAlongRows >= 0, nameof(MaxRideAlongRows), "zero or more");
        Check(MaxOutputsPerStep is >= 2 and <= 1 << 16, nameof(MaxOutputsPerStep), "from 2 to 65536");
        Check(MaxPositionsPerAdvance is >= 1 and <= 1 << 16, nameof(MaxPositionsPerAdvance), "from 1 to 65536");
        Check(MaxSessions is >= 1 and <= 1 << 16, nameof(MaxSessions), "from 1 to 65536");
        Check(MaxQueuedOpens is >= 0 and <= 1 << 16, nameof(MaxQueuedOpens), "from 0 to 65536");
        Check(GatherWindow >= TimeSpan.Zero && GatherWindow <= TimeSpan.FromMilliseconds(100), nameof(GatherWindow), "from 0 to 100 ms");
    }

    private static void Check(bool holds, string name, string range)
    {
        if (!holds)
            throw new ArgumentException($"{name} must be {range}.", name);
    }
}
