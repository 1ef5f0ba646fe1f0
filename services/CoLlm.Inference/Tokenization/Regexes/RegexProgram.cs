namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>What one instruction does.</summary>
internal enum RegexOperation
{
    /// <summary>One character of the set, forward.</summary>
    Set,

    /// <summary>One character of the set, backward: inside what looks behind.</summary>
    SetBefore,

    /// <summary>All characters of the set that follow; only where what comes after cannot fail.</summary>
    Run,

    /// <summary>Goes on at <c>First</c>; if that fails, at <c>Second</c>.</summary>
    Split,

    /// <summary>A <see cref="Split"/> that is come back to.</summary>
    Loop,

    Jump,

    /// <summary>Fails unless the assertion numbered <c>First</c> holds.</summary>
    Assert,

    /// <summary>The part at <c>First</c> must match here, and is gone past; then goes on at <c>Second</c>.</summary>
    Atomic,

    /// <summary>The part at <c>First</c> must match here, without being gone past; then goes on at <c>Second</c>.</summary>
    Look,

    /// <summary>The part at <c>First</c> must not match here; then goes on at <c>Second</c>.</summary>
    LookNot,

    /// <summary>The expression, or the part of it, has matched.</summary>
    Accept,
}

/// <summary>One instruction.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="First">Where to go on, or the number of an assertion.</param>
/// <param name="Second">Where to go on after that.</param>
/// <param name="Split">The number of a <see cref="RegexOperation.Split"/> or <see cref="RegexOperation.Loop"/> among all.</param>
/// <param name="Set">Of the operations on characters.</param>
internal readonly record struct RegexInstruction(RegexOperation Operation, int First, int Second, int Split, CodePointSet? Set);

/// <summary>A compiled expression. Immutable.</summary>
/// <param name="Instructions">Begins with the whole expression.</param>
/// <param name="SplitCount">How many choices it holds: what the time per character is proportional to, at most.</param>
internal sealed record RegexProgram(RegexInstruction[] Instructions, int SplitCount)
{
    /// <summary>Most choices, counted repetitions written out: 512.</summary>
    public const int MaxSplits = 512;

    /// <summary>Most instructions: 16 Ki.</summary>
    public const int MaxInstructions = 1 << 14;
}
