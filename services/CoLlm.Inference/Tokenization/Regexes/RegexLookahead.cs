namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>
/// Works out with which characters the ways of each choice begin, so that most choices are made by looking at one character.
/// What is found may be too large a set, never too small a one.
/// </summary>
internal sealed class RegexLookahead
{
    /// <summary>Most instructions that are looked at for one way, and most sets of a program that get tables; past them, less is known.</summary>
    private const int MaxVisits = 64, MaxTables = 64;

    private readonly RegexInstruction[] _instructions;
    private readonly HashSet<int> _endsOfParts = [];
    private readonly HashSet<int> _visited = [];
    private readonly HashSet<CodePointSet> _united = [];
    private CodePointSet _set = CodePointSet.Empty;

    private RegexLookahead(RegexInstruction[] instructions) => _instructions = instructions;

    /// <summary>The program with what its choices and its matches begin with.</summary>
    public static RegexProgram Complete(RegexInstruction[] instructions, int splits)
    {
        var lookahead = new RegexLookahead(instructions);
        for (int at = 0; at < instructions.Length; at++)
        {
            RegexInstruction instruction = instructions[at];
            if (instruction.Operation is RegexOperation.Split or RegexOperation.Loop)
                instructions[at] = instruction with { Set = lookahead.Beginning(instruction.First), Other = lookahead.Beginning(instruction.Second) };
        }

        // Choices that lie behind others come first, so that a route is at most one step longer than one that is known.
        for (int at = instructions.Length - 1; at >= 0; at--)
        {
            if (instructions[at].Operation is RegexOperation.Split or RegexOperation.Loop)
                instructions[at] = instructions[at] with { Routes = lookahead.Routes(at) };
        }

        CodePointSet? beginning = lookahead.Beginning(0);
        IEnumerable<CodePointSet?> sets = instructions.SelectMany(instruction => (CodePointSet?[])[instruction.Set, instruction.Other]);
        foreach (CodePointSet? set in sets.Append(beginning).Distinct().Take(MaxTables))
            set?.MakeTable();
        return new RegexProgram(instructions, splits, beginning);
    }

    private CodePointSet? Beginning(int at)
    {
        _visited.Clear();
        _endsOfParts.Clear();
        _united.Clear();
        _set = CodePointSet.Empty;
        return Collect(at) ? _set : null;
    }

    /// <summary>Adds what the instructions from <paramref name="at"/> on begin with; false where that is not known.</summary>
    private bool Collect(int at)
    {
        while (_visited.Add(at))
        {
            if (_visited.Count > MaxVisits)
                return false;
            RegexInstruction instruction = _instructions[at];
            switch (instruction.Operation)
            {
                case RegexOperation.Set:
                    Unite(instruction.Set!);
                    return true;
                case RegexOperation.Split or RegexOperation.Loop:
                    if (!Collect(instruction.First))
                        return false;
                    at = instruction.Second;
                    break;
                case RegexOperation.Run or RegexOperation.Stretch:
                    Unite(instruction.Set!);
                    at++;
                    break;
                case RegexOperation.Atomic:
                    _endsOfParts.Add(instruction.Second - 1);
                    at = instruction.First;
                    break;
                case RegexOperation.Jump:
                    at = instruction.First;
                    break;
                case RegexOperation.Assert or RegexOperation.Peek or RegexOperation.PeekNot:
                    at++;
                    break;
                case RegexOperation.Accept when _endsOfParts.Contains(at):
                    // Only for who comes from outside: inside, what follows the part must not rule out a way that the part prefers.
                    at++;
                    break;
                case RegexOperation.Look or RegexOperation.LookNot:
                    at = instruction.Second;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private void Unite(CodePointSet set)
    {
        if (_united.Add(set))
            _set = _set.Union(set);
    }

    private short[] Routes(int at)
    {
        RegexInstruction choice = _instructions[at];
        var routes = new short[RegexProgram.BeyondAscii + 1];
        for (int next = 0; next <= RegexProgram.BeyondAscii; next++)
        {
            bool mayBeFirst = MayBegin(choice.Set, next);
            bool mayBeSecond = next == RegexProgram.BeyondAscii || MayBegin(choice.Other, next);
            int route = RegexProgram.Route(in choice, at, mayBeFirst, mayBeSecond);
            routes[next] = (short)(route == at || route < 0 ? route : Further(route, next));
        }

        return routes;
    }

    private static bool MayBegin(CodePointSet? set, int next) => next == RegexProgram.BeyondAscii
        ? set is null || set.ExceedsAscii
        : RegexProgram.MayBegin(set, next < RegexProgram.EndOfText ? next : -1);

    /// <summary>Where an instruction leads a character: as far as the routes are known.</summary>
    private int Further(int at, int next)
    {
        RegexInstruction instruction = _instructions[at];
        if (instruction.Operation == RegexOperation.Jump)
            instruction = _instructions[at = instruction.First];
        return instruction.Routes is { } routes ? routes[next] : at;
    }
}
