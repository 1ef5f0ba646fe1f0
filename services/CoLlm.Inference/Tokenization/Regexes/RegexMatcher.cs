using System.Text;

namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>Runs a program over one text: the first way to match in the order of preference, as a backtracking engine finds it.</summary>
internal readonly ref struct RegexMatcher(RegexProgram program, ReadOnlySpan<char> text, RegexMemory memory)
{
    private readonly ReadOnlySpan<char> _text = text;

    /// <summary>Where a match that begins at <paramref name="position"/> ends; -1 if there is none.</summary>
    public int Match(int position) => Run(0, position, isPart: false);

    /// <summary>The position after the character at <paramref name="position"/>.</summary>
    public static int Next(ReadOnlySpan<char> text, int position) =>
        position + (char.IsHighSurrogate(text[position]) && position + 1 < text.Length ? 2 : 1);

    private int Run(int at, int position, bool isPart)
    {
        RegexInstruction[] instructions = program.Instructions;
        int floor = memory.OpenCount;
        while (true)
        {
            if (instructions[at].Operation == RegexOperation.Accept)
                return Settle(instructions, floor, position, isPart);
            if (instructions[at].Operation is RegexOperation.Split or RegexOperation.Loop)
            {
                if (isPart && memory.TryGetEnd(instructions[at].Split, position, out int end))
                    return Settle(instructions, floor, end, isPart);
                at = Choose(instructions, at, position);
            }
            else
            {
                at = Step(in instructions[at], at, ref position);
            }

            if (at < 0 && !memory.TryTurn(instructions, floor, out at, out position))
                return -1;
        }
    }

    private int Settle(RegexInstruction[] instructions, int floor, int end, bool isPart)
    {
        if (isPart)
            memory.SettlePart(instructions, floor, end);
        else
            memory.Settle(floor);
        return end;
    }

    /// <summary>
    /// The way to take; -1 if none leads on. A choice is not remembered where only one way gets past its first character, unless
    /// it is come back to: else a run of characters would be walked again from each of them.
    /// </summary>
    private int Choose(RegexInstruction[] instructions, int at, int position)
    {
        memory.Choices++;
        (int first, int second) = (instructions[at].First, instructions[at].Second);
        if (instructions[at].Operation == RegexOperation.Split)
        {
            if (!MayMatch(in instructions[first], position))
                return MayMatch(in instructions[second], position) ? second : -1;
            if (!MayMatch(in instructions[second], position))
                return first;
        }

        if (memory.HasFailed(instructions[at].Split, position))
            return -1;
        memory.Open(at, position);
        return first;
    }

    private bool MayMatch(in RegexInstruction instruction, int position) =>
        instruction.Operation != RegexOperation.Set
        || (position < _text.Length && instruction.Set!.Contains(CodePointAt(position, out _)));

    /// <summary>Carries out an instruction; returns the next, or -1 where it fails.</summary>
    private int Step(in RegexInstruction instruction, int at, ref int position)
    {
        switch (instruction.Operation)
        {
            case RegexOperation.Set:
                if (position >= _text.Length || !instruction.Set!.Contains(CodePointAt(position, out int units)))
                    return -1;
                position += units;
                return at + 1;
            case RegexOperation.SetBefore:
                if (position == 0 || !instruction.Set!.Contains(CodePointBefore(position, out int unitsBefore)))
                    return -1;
                position -= unitsBefore;
                return at + 1;
            case RegexOperation.Run:
                while (position < _text.Length && instruction.Set!.Contains(CodePointAt(position, out units)))
                    position += units;
                return at + 1;
            case RegexOperation.Jump:
                return instruction.First;
            case RegexOperation.Assert:
                return Holds((Assertion)instruction.First, position) ? at + 1 : -1;
            case RegexOperation.Atomic:
                position = Run(instruction.First, position, isPart: true);
                return position < 0 ? -1 : instruction.Second;
            default:
                bool isFound = Run(instruction.First, position, isPart: true) >= 0;
                return isFound == (instruction.Operation == RegexOperation.Look) ? instruction.Second : -1;
        }
    }

    private bool Holds(Assertion assertion, int position) => assertion switch
    {
        Assertion.TextStart => position == 0,
        Assertion.TextEnd => position == _text.Length,
        Assertion.LastLineEnd => position == _text.Length || (position == _text.Length - 1 && _text[position] == '\n'),
        Assertion.LineStart => position == 0 || (_text[position - 1] == '\n' && position < _text.Length),
        Assertion.LineEnd => position == _text.Length || _text[position] == '\n',
        Assertion.WordBoundary => IsBoundary(position),
        _ => !IsBoundary(position),
    };

    private bool IsBoundary(int position)
    {
        bool before = position > 0 && NamedSets.Words.Contains(CodePointBefore(position, out _));
        bool after = position < _text.Length && NamedSets.Words.Contains(CodePointAt(position, out _));
        return before != after;
    }

    private int CodePointAt(int position, out int units)
    {
        units = 1;
        if (!char.IsHighSurrogate(_text[position]))
            return _text[position];
        Rune.DecodeFromUtf16(_text[position..], out Rune rune, out units);
        return rune.Value;
    }

    private int CodePointBefore(int position, out int units)
    {
        units = 1;
        if (!char.IsLowSurrogate(_text[position - 1]))
            return _text[position - 1];
        Rune.DecodeLastFromUtf16(_text[..position], out Rune rune, out units);
        return rune.Value;
    }
}
