namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>Writes a parsed expression as instructions; counted repetitions are written out under a bound.</summary>
internal sealed class RegexCompiler
{
    private readonly List<RegexInstruction> _instructions = [];
    private int _splits;
    private int _visits;

    /// <summary>Inside what looks behind, parts are matched from the last to the first.</summary>
    private bool _isBackward;

    /// <exception cref="RegexFault">It is past a bound, or combines parts in a way that is not supported.</exception>
    public static RegexProgram Compile(RegexNode node)
    {
        var compiler = new RegexCompiler();
        compiler.Write(node, isLast: true);
        compiler.Add(RegexOperation.Accept);
        return RegexLookahead.Complete([.. compiler._instructions], compiler._splits);
    }

    /// <param name="node">What to write.</param>
    /// <param name="isLast">What comes after it in the whole expression cannot fail.</param>
    private void Write(RegexNode node, bool isLast)
    {
        // Counts what is empty, too: it writes no instruction, however often it is repeated.
        if (++_visits > RegexProgram.MaxInstructions)
            throw TooLong();
        switch (node)
        {
            case RegexNode.One one:
                Add(_isBackward ? RegexOperation.SetBefore : RegexOperation.Set, set: one.Set);
                break;
            case RegexNode.Sequence sequence:
                WriteSequence(sequence.Parts, isLast);
                break;
            case RegexNode.Choice choice:
                WriteChoice(choice.Options, isLast);
                break;
            case RegexNode.Repeat repeat:
                WriteRepeat(repeat, isLast);
                break;
            case RegexNode.Atomic atomic:
                WritePart(RegexOperation.Atomic, () => Write(atomic.Body, isLast: false));
                break;
            case RegexNode.Look look:
                WriteLook(look);
                break;
            case RegexNode.Assert assert:
                Add(RegexOperation.Assert, (int)assert.What);
                break;
        }
    }

    private void WriteSequence(IReadOnlyList<RegexNode> parts, bool isLast)
    {
        for (int index = 0; index < parts.Count; index++)
        {
            RegexNode part = _isBackward ? parts[^(index + 1)] : parts[index];
            bool restCannotFail = isLast && parts.Skip(index + 1).All(CannotFail);
            Write(part, restCannotFail);
        }
    }

    private void WriteChoice(IReadOnlyList<RegexNode> options, bool isLast)
    {
        List<int> exits = [];
        for (int index = 0; index < options.Count; index++)
        {
            int split = index < options.Count - 1 ? AddSplit() : -1;
            Write(options[index], isLast);
            if (split < 0)
                break;
            exits.Add(Add(RegexOperation.Jump));
            SetTargets(split, split + 1, _instructions.Count);
        }

        foreach (int exit in exits)
            SetTargets(exit, _instructions.Count, 0);
    }

    private void WriteRepeat(RegexNode.Repeat repeat, bool isLast)
    {
        // Engines disagree on what another repetition is worth after one that consumed nothing.
        if (repeat.Most is not (0 or 1) && repeat.Body.IsNullable)
            throw new RegexFault("repeats what may match nothing, which is not supported");
        if (repeat is { Mode: RepeatMode.Possessive, Body: RegexNode.One one } && !_isBackward)
        {
            for (int count = 0; count < repeat.Least; count++)
                Write(one, isLast: false);
            if (repeat.Most is { } most)
                Add(RegexOperation.Run, most - repeat.Least, set: one.Set);
            else if (isLast)
                Add(RegexOperation.Run, int.MaxValue, set: one.Set);
            else
                Add(RegexOperation.Stretch, set: one.Set);
            return;
        }

        if (repeat.Mode == RepeatMode.Possessive && !isLast)
        {
            WritePart(RegexOperation.Atomic, () => WriteCounted(repeat with { Mode = RepeatMode.Greedy }, isLast: false));
            return;
        }

        WriteCounted(repeat, isLast);
    }

    private void WriteCounted(RegexNode.Repeat repeat, bool isLast)
    {
        for (int count = 0; count < repeat.Least; count++)
            Write(repeat.Body, isLast: false);
        bool isLazy = repeat.Mode == RepeatMode.Lazy;
        if (repeat.Most is { } most)
        {
            WriteOptional(repeat.Body, most - repeat.Least, isLazy);
        }
        else if (isLast && !isLazy && repeat.Body is RegexNode.One one)
        {
            Add(RegexOperation.Run, int.MaxValue, set: one.Set);
        }
        else
        {
            int split = AddSplit(RegexOperation.Loop);
            Write(repeat.Body, isLast: false);
            Add(RegexOperation.Jump, split);
            SetSplit(split, isLazy);
        }
    }

    private void WriteOptional(RegexNode body, int count, bool isLazy)
    {
        List<int> splits = [];
        for (int index = 0; index < count; index++)
        {
            splits.Add(AddSplit());
            Write(body, isLast: false);
        }

        foreach (int split in splits)
            SetSplit(split, isLazy);
    }

    private void WriteLook(RegexNode.Look look)
    {
        if (_isBackward)
            throw new RegexFault("looks around inside what looks behind, which is not supported");
        if (look is { IsBehind: false, Body: RegexNode.One one })
        {
            Add(look.IsNegative ? RegexOperation.PeekNot : RegexOperation.Peek, set: one.Set);
            return;
        }

        _isBackward = look.IsBehind;
        WritePart(look.IsNegative ? RegexOperation.LookNot : RegexOperation.Look, () => Write(look.Body, isLast: false));
        _isBackward = false;
    }

    private void WritePart(RegexOperation operation, Action write)
    {
        if (_isBackward && operation == RegexOperation.Atomic)
            throw new RegexFault("forbids going back inside what looks behind, which is not supported");
        int part = Add(operation);
        write();
        Add(RegexOperation.Accept);
        SetTargets(part, part + 1, _instructions.Count);
    }

    private static bool CannotFail(RegexNode node) => node is RegexNode.Repeat { Least: 0 };

    /// <summary>The body follows the split; past it is what is written next.</summary>
    private void SetSplit(int split, bool isLazy)
    {
        int end = _instructions.Count;
        SetTargets(split, isLazy ? end : split + 1, isLazy ? split + 1 : end);
    }

    private int AddSplit(RegexOperation operation = RegexOperation.Split)
    {
        if (_splits == RegexProgram.MaxSplits)
            throw new RegexFault($"has more choices and repetitions than the bound of {RegexProgram.MaxSplits}");
        _splits++;
        return Add(operation);
    }

    private int Add(RegexOperation operation, int first = 0, CodePointSet? set = null)
    {
        if (_instructions.Count == RegexProgram.MaxInstructions)
            throw TooLong();
        _instructions.Add(new RegexInstruction(operation, first, 0, _splits - 1, set));
        return _instructions.Count - 1;
    }

    private static RegexFault TooLong() => new($"becomes longer than the bound of {RegexProgram.MaxInstructions} instructions");

    private void SetTargets(int at, int first, int second) => _instructions[at] = _instructions[at] with { First = first, Second = second };
}
