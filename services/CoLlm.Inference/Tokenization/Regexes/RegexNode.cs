namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>Which of its possible lengths a repetition tries first, and whether it tries others.</summary>
internal enum RepeatMode
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>What must hold at a position, without looking further than the characters beside it.</summary>
internal enum Assertion
{
    TextStart,
    TextEnd,

    /// <summary>The end of the text, or a line end that ends it.</summary>
    LastLineEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NoWordBoundary,
}

/// <summary>A part of a parsed regular expression. Groups leave no trace: nothing is captured.</summary>
internal abstract record RegexNode
{
    /// <summary>May match without consuming a character.</summary>
    public abstract bool IsNullable { get; }

    /// <summary>One character of a set.</summary>
    public sealed record One(CodePointSet Set) : RegexNode
    {
        public override bool IsNullable => false;
    }

    public sealed record Sequence(IReadOnlyList<RegexNode> Parts) : RegexNode
    {
        public override bool IsNullable => Parts.All(part => part.IsNullable);
    }

    /// <summary>Earlier choices are preferred.</summary>
    public sealed record Choice(IReadOnlyList<RegexNode> Options) : RegexNode
    {
        public override bool IsNullable => Options.Any(option => option.IsNullable);
    }

    /// <param name="Body">What is repeated.</param>
    /// <param name="Least">Fewest times.</param>
    /// <param name="Most">Most times; null: any number.</param>
    /// <param name="Mode">What is tried first.</param>
    public sealed record Repeat(RegexNode Body, int Least, int? Most, RepeatMode Mode) : RegexNode
    {
        public override bool IsNullable => Least == 0 || Body.IsNullable;
    }

    /// <summary>Once it has matched, its other ways to match are forgotten.</summary>
    public sealed record Atomic(RegexNode Body) : RegexNode
    {
        public override bool IsNullable => Body.IsNullable;
    }

    /// <summary>Whether its body matches ahead, or ends here, without consuming anything.</summary>
    public sealed record Look(RegexNode Body, bool IsBehind, bool IsNegative) : RegexNode
    {
        public override bool IsNullable => true;
    }

    public sealed record Assert(Assertion What) : RegexNode
    {
        public override bool IsNullable => true;
    }
}
