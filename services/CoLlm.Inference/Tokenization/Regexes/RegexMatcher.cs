using System.Runtime.CompilerServices;
using System.Text;

namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>Runs a program over one text: the first way to match in the order of preference, as a backtracking engine finds it.</summary>
internal readonly ref struct RegexMatcher(RegexProgram program, ReadOnlySpan<char> text, RegexMemory memory)
{
    private readonly ReadOnlySpan<char> _text = text;

    /// <summary>Where a match that begins at <paramref name="position"/> ends; -1 if there is none.</summary>
    public int Match(int position) => Run(0, position, isPart: false);

    /// <summary>The first position from <paramref name="position"/> on where a match may begin; the end of the text if there is none.</summary>
    public int NextBeginning(int position)
    {
        if (program.Beginning is not { } beginning)
            return position;
        while (position < _text.Length && !beginning.Contains(CodePointAt(position, out int units)))
            position += units;
        return position;
    }

    /// <summary>The position after the character at <paramref name="position"/>.</summary>
    public static int Next(ReadOnlySpan<char> text, int position) =>
        position + (char.IsHighSurrogate(text[position]) && position + 1 < text.Length ? 2 : 1);

    private int Run(int at, int position, bool isPart)
    {
        RegexInstruction[] instructions = program.Instructions;
        int floor = memory.OpenCount;
        while (true)
        {
            ref readonly RegexInstruction instruction = ref instructions[at];
            switch (instruction.Operation)
            {
                case RegexOperation.Set:
                    at = TryPass(instruction.Set!, ref position) ? at + 1 : -1;
                    break;
                case RegexOperation.Run:
                    for (int count = 0; count < instruction.First && TryPass(instruction.Set!, ref position);)
                        count++;
                    at++;
                    break;
                case RegexOperation.Accept:
                    return Settle(instructions, floor, position, isPart);
                case RegexOperation.Split or RegexOperation.Loop:
                    if (isPart && memory.TryGetEnd(instruction.Split, position, out int end))
                        return Settle(instructions, floor, end, isPart);
                    at = Choose(in instruction, at, position);
                    break;
                default:
                    at = Step(in instruction, at, ref position);
                    break;
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

    /// <summary>The way to take; -1 if none leads on.</summary>
    private int Choose(in RegexInstruction instruction, int at, int position)
    {
        memory.Choices++;
        int next = position >= _text.Length ? RegexProgram.EndOfText : _text[position] < RegexProgram.EndOfText ? _text[position] : RegexProgram.BeyondAscii;
        int route = instruction.Routes![next];
        if (route == at && next == RegexProgram.BeyondAscii)
            route = RouteBeyondAscii(in instruction, at, CodePointAt(position, out _));
        if (route != at)
            return route;
        if (memory.HasFailed(instruction.Split, position))
            return -1;
        memory.Open(at, position);
        return instruction.First;
    }

    private static int RouteBeyondAscii(in RegexInstruction choice, int at, int next)
    {
        bool mayBeFirst = RegexProgram.MayBegin(choice.Set, next);
        bool mayBeSecond = RegexProgram.MayBegin(choice.Other, next);
        return RegexProgram.Route(in choice, at, mayBeFirst, mayBeSecond);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPass(CodePointSet set, ref int position)
    {
        if (position >= _text.Length)
            return false;
        int codePoint = CodePointAt(position, out int units);
        if (!set.Contains(codePoint))
            return false;
        position += units;
        return true;
    }

    /// <summary>Carries out an instruction; returns the next, or -1 where it fails.</summary>
    private int Step(in RegexInstruction instruction, int at, ref int position)
    {
        switch (instruction.Operation)
        {
            case RegexOperation.SetBefore:
                if (position == 0 || !instruction.Set!.Contains(CodePointBefore(position, out int unitsBefore)))
                    return -1;
                position -= unitsBefore;
                return at + 1;
            case RegexOperation.Stretch:
                position = EndOfStretch(instruction.Set!, at, position);
                return at + 1;
            case RegexOperation.Peek:
                return position < _text.Length && instruction.Set!.Contains(CodePointAt(position, out _)) ? at + 1 : -1;
            case RegexOperation.PeekNot:
                return position < _text.Length && instruction.Set!.Contains(CodePointAt(position, out _)) ? -1 : at + 1;
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

    private int EndOfStretch(CodePointSet set, int at, int start)
    {
        int position = start;
        int block = start >> RegexMemory.BlockBits;
        while (TryPass(set, ref position))
        {
            if (position >> RegexMemory.BlockBits == block)
                continue;
            block = position >> RegexMemory.BlockBits;
            if (memory.TryGetEndOfStretch(at, block, out int end))
                return end;
        }

        memory.KeepStretch(at, start, position);
        return position;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
