namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>What one instruction does.</summary>
internal enum RegexOperation
{
    /// <summary>One character of the set, forward.</summary>
    Set,

    /// <summary>One character of the set, backward: inside what looks behind.</summary>
    SetBefore,

    /// <summary>The characters of the set that follow, at most <c>First</c>; only where what comes after cannot fail, or <c>First</c> is small.</summary>
    Run,

    /// <summary>All characters of the set that follow, never fewer; what comes after may fail.</summary>
    Stretch,

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

    /// <summary>A character of the set must follow, without being gone past.</summary>
    Peek,

    /// <summary>No character of the set may follow.</summary>
    PeekNot,

    /// <summary>The expression, or the part of it, has matched.</summary>
    Accept,
}

/// <summary>One instruction.</summary>
/// <param name="Operation">What it does.</param>
/// <param name="First">Where to go on, the number of an assertion, or a count.</param>
/// <param name="Second">Where to go on after that.</param>
/// <param name="Split">The number of a <see cref="RegexOperation.Split"/> or <see cref="RegexOperation.Loop"/> among all.</param>
/// <param name="Set">Of the operations on characters; of a choice, what the first way begins with, or null where it may begin with anything or nothing.</param>
/// <param name="Other">What the second way of a choice begins with, in the same way.</param>
/// <param name="Routes">
/// Of a choice: where each ASCII character, behind them the end of the text, and last all other characters lead without anything
/// left to choose; -1 where nowhere; the choice itself where both ways may be taken. <c>[130]</c>
/// </param>
internal readonly record struct RegexInstruction(
    RegexOperation Operation, int First, int Second, int Split, CodePointSet? Set, CodePointSet? Other = null, short[]? Routes = null);

/// <summary>A compiled expression. Immutable.</summary>
/// <param name="Instructions">Begins with the whole expression.</param>
/// <param name="SplitCount">How many choices it holds: what the time per character is proportional to, at most.</param>
/// <param name="Beginning">What every match begins with; null where it may begin with anything or be empty.</param>
internal sealed record RegexProgram(RegexInstruction[] Instructions, int SplitCount, CodePointSet? Beginning)
{
    /// <summary>Stands behind the ASCII characters in a choice's routes.</summary>
    public const int EndOfText = 128;

    /// <summary>Stands last in a choice's routes, for characters beyond ASCII; they are told apart where it leads to the choice itself.</summary>
    public const int BeyondAscii = 129;

    /// <summary>Most choices, counted repetitions written out: 512.</summary>
    public const int MaxSplits = 512;

    /// <summary>Most instructions: 16 Ki.</summary>
    public const int MaxInstructions = 1 << 14;

    /// <summary>Whether what begins with <paramref name="set"/> may begin with the code point <paramref name="next"/>; -1: the end of the text.</summary>
    public static bool MayBegin(CodePointSet? set, int next) => set is null || (next >= 0 && set.Contains(next));

    /// <summary>
    /// Where a choice leads; -1: nowhere; the choice itself where it has to be remembered: both ways may be taken, or it is a loop
    /// that may go round, which would else be walked again from each of its rounds.
    /// </summary>
    public static int Route(in RegexInstruction choice, int at, bool mayBeFirst, bool mayBeSecond)
    {
        bool goesRound = choice.Operation == RegexOperation.Loop && (choice.First == at + 1 ? mayBeFirst : mayBeSecond);
        if (goesRound || (mayBeFirst && mayBeSecond))
            return at;
        return mayBeFirst ? choice.First : mayBeSecond ? choice.Second : -1;
    }
}
