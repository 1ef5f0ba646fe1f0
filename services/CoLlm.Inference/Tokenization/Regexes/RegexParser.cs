namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>
/// Reads regular expressions in Oniguruma's syntax, in which tokenizer files are written: <c>^</c> and <c>$</c> see lines,
/// <c>(?m)</c> lets the dot match line ends, an interval cannot be possessive. Nothing is captured; references to captures are refused.
/// </summary>
internal sealed class RegexParser
{
    /// <summary>Longest expression, in UTF-16 units: 64 Ki.</summary>
    public const int MaxLength = 1 << 16;

    private const int MaxDepth = 100;

    private readonly RegexSource _source;
    private int _depth;

    private RegexParser(string expression) => _source = new RegexSource(expression);

    /// <exception cref="RegexFault">It is malformed or not supported.</exception>
    public static RegexNode Parse(string expression)
    {
        if (expression.Length > MaxLength)
            throw new RegexFault($"is longer than the bound of {MaxLength} characters");
        var parser = new RegexParser(expression);
        RegexNode node = parser.ReadChoice(default);
        return parser._source.IsAtEnd ? node : throw parser._source.Fault("a ) without its (");
    }

    private RegexNode ReadChoice(Flags flags)
    {
        if (++_depth > MaxDepth)
            throw _source.Fault($"groups nested deeper than the bound of {MaxDepth}");
        List<RegexNode> options = [ReadSequence(flags)];
        while (_source.TryRead("|"))
            options.Add(ReadSequence(flags));
        _depth--;
        return options.Count == 1 ? options[0] : new RegexNode.Choice(options);
    }

    private RegexNode ReadSequence(Flags flags)
    {
        List<RegexNode> parts = [];
        int previous = -1;
        while (_source.Peek() is not (-1 or '|' or ')'))
        {
            if (TrySkipComment())
                continue;
            RegexNode atom = ReadAtom(flags, out int literal);
            if (literal >= 0 && flags.IgnoresCase)
                RegexCase.CheckNeighbours(previous, literal, _source);
            RegexNode repeated = ReadRepeats(atom);
            previous = ReferenceEquals(repeated, atom) ? literal : -1;
            parts.Add(repeated);
        }

        return parts.Count == 1 ? parts[0] : new RegexNode.Sequence(parts);
    }

    private bool TrySkipComment()
    {
        bool isComment = _source.TryRead("(?#");
        if (isComment)
            _source.ReadUntil(')', "(?# without its )");
        return isComment;
    }

    private RegexNode ReadAtom(Flags flags, out int literal)
    {
        literal = -1;
        int character = _source.Read(string.Empty);
        switch (character)
        {
            case '(':
                return ReadGroup(flags);
            case '[':
                (CodePointSet members, bool isNegated) = RegexClassParser.Read(_source);
                members = flags.IgnoresCase ? RegexCase.Fold(members, isNegated, _source) : members;
                return new RegexNode.One(isNegated ? members.Negated() : members);
            case '.':
                return new RegexNode.One(flags.DotMatchesLineEnds ? CodePointSet.All : NamedSets.NoLineFeed);
            case '^':
                return new RegexNode.Assert(Assertion.LineStart);
            case '$':
                return new RegexNode.Assert(Assertion.LineEnd);
            case '*' or '+' or '?':
                throw _source.Fault($"{(char)character} with nothing to repeat before it");
            case '\\':
                return ReadEscape(flags, out literal);
            default:
                literal = character;
                return Literal(character, flags);
        }
    }

    private RegexNode ReadEscape(Flags flags, out int literal)
    {
        literal = -1;
        Assertion? assertion = _source.Peek() switch
        {
            'A' => Assertion.TextStart,
            'z' => Assertion.TextEnd,
            'Z' => Assertion.LastLineEnd,
            'b' => Assertion.WordBoundary,
            'B' => Assertion.NoWordBoundary,
            _ => null,
        };
        if (assertion is { } known)
        {
            _source.Position++;
            return new RegexNode.Assert(known);
        }

        if (_source.TryRead("R"))
            return NewLine();
        if (_source.TryRead("N"))
            return new RegexNode.One(NamedSets.NoLineFeed);
        if (_source.TryRead("O"))
            return new RegexNode.One(CodePointSet.All);
        CodePointSet set = RegexEscape.Read(_source, out literal);
        if (literal >= 0)
            return Literal(literal, flags);
        return new RegexNode.One(flags.IgnoresCase ? RegexCase.Fold(set, isNegated: false, _source) : set);
    }

    private RegexNode.One Literal(int codePoint, Flags flags)
    {
        CodePointSet set = CodePointSet.Of(codePoint);
        return new RegexNode.One(flags.IgnoresCase ? RegexCase.Fold(set, isNegated: false, _source) : set);
    }

    private static RegexNode.Atomic NewLine()
    {
        RegexNode.Sequence both = new([new RegexNode.One(CodePointSet.Of('\r')), new RegexNode.One(CodePointSet.Of('\n'))]);
        return new RegexNode.Atomic(new RegexNode.Choice([both, new RegexNode.One(NamedSets.LineEnds)]));
    }

    private RegexNode ReadGroup(Flags flags)
    {
        if (!_source.TryRead("?"))
            return Closed(ReadChoice(flags));
        if (_source.TryRead(":"))
            return Closed(ReadChoice(flags));
        if (_source.TryRead(">"))
            return Closed(new RegexNode.Atomic(ReadChoice(flags)));
        foreach (string opening in (string[])["=", "!", "<=", "<!"])
        {
            if (_source.TryRead(opening))
                return Closed(new RegexNode.Look(ReadChoice(flags), IsBehind: opening.Length == 2, IsNegative: opening[^1] == '!'));
        }

        if (_source.TryRead("<"))
        {
            _source.ReadUntil('>', "a group's name without its >");
            return Closed(ReadChoice(flags));
        }

        Flags changed = ReadFlags(flags);
        // A bare (?i) holds to the end of the group around it, later alternatives included.
        return _source.TryRead(":") ? Closed(ReadChoice(changed))
            : _source.TryRead(")") ? ReadChoice(changed)
            : throw _source.Fault("a kind of group that is not supported");
    }

    private Flags ReadFlags(Flags flags)
    {
        bool isSet = true;
        while (true)
        {
            if (_source.TryRead("-"))
                isSet = false;
            else if (_source.TryRead("i"))
                flags = flags with { IgnoresCase = isSet };
            else if (_source.TryRead("m"))
                flags = flags with { DotMatchesLineEnds = isSet };
            else
                return flags;
        }
    }

    private RegexNode Closed(RegexNode node) => _source.TryRead(")") ? node : throw _source.Fault("a ( without its )");

    private RegexNode ReadRepeats(RegexNode node)
    {
        while (true)
        {
            if (_source.TryRead("?"))
                node = Repeated(node, 0, 1);
            else if (_source.TryRead("*"))
                node = Repeated(node, 0, null);
            else if (_source.TryRead("+"))
                node = Repeated(node, 1, null);
            else if (TryReadInterval(out int least, out int? most))
                node = Interval(node, least, most);
            else if (!TrySkipComment())
                return node;
        }
    }

    private RegexNode.Repeat Repeated(RegexNode node, int least, int? most)
    {
        RepeatMode mode = _source.TryRead("?") ? RepeatMode.Lazy : _source.TryRead("+") ? RepeatMode.Possessive : RepeatMode.Greedy;
        return new RegexNode.Repeat(node, least, most, mode);
    }

    /// <summary>After a fixed count a question mark makes the whole optional; after any interval a plus repeats it.</summary>
    private RegexNode.Repeat Interval(RegexNode node, int least, int? most)
    {
        bool isLazy = least != most && _source.TryRead("?");
        return new RegexNode.Repeat(node, least, most, isLazy ? RepeatMode.Lazy : RepeatMode.Greedy);
    }

    /// <summary>A brace that begins no interval stands for itself.</summary>
    private bool TryReadInterval(out int least, out int? most)
    {
        int start = _source.Position;
        (least, most) = (0, null);
        if (!_source.TryRead("{"))
            return false;
        int? first = _source.ReadNumber();
        bool hasComma = _source.TryRead(",");
        int? second = hasComma ? _source.ReadNumber() : first;
        if (!_source.TryRead("}") || (first is null && second is null))
        {
            _source.Position = start;
            return false;
        }

        (least, most) = (first ?? 0, second);
        return most is null || least <= most ? true : throw _source.Fault("an interval whose end lies before its start");
    }

    private readonly record struct Flags(bool IgnoresCase, bool DotMatchesLineEnds);
}
