namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>Reads classes in brackets: ranges, escapes, POSIX names, classes within classes and intersections.</summary>
internal static class RegexClassParser
{
    private const int MaxDepth = 50;

    /// <summary>The members as written and whether the class means all others; its opening bracket is read already.</summary>
    public static (CodePointSet Members, bool IsNegated) Read(RegexSource source, int depth = 0)
    {
        if (depth > MaxDepth)
            throw source.Fault($"classes nested deeper than the bound of {MaxDepth}");
        bool isNegated = source.TryRead("^");
        if (source.Peek() == ']')
            throw source.Fault("a class that begins with ], which needs a backslash");
        CodePointSet? intersected = null;
        CodePointSet members = CodePointSet.Empty;
        while (!source.TryRead("]"))
        {
            if (source.TryRead("&&"))
            {
                intersected = intersected?.Intersect(members) ?? members;
                members = CodePointSet.Empty;
                continue;
            }

            members = members.Union(ReadItem(source, depth));
        }

        return (intersected?.Intersect(members) ?? members, isNegated);
    }

    private static CodePointSet ReadItem(RegexSource source, int depth)
    {
        if (source.TryRead("[:"))
            return ReadNamed(source);
        if (source.TryRead("["))
        {
            (CodePointSet members, bool isNegated) = Read(source, depth + 1);
            return isNegated ? members.Negated() : members;
        }

        CodePointSet item = ReadCharacter(source, out int first);
        int afterFirst = source.Position;
        if (first < 0 || !source.TryRead("-"))
            return item;
        if (source.Peek() is ']' or '[' or -1)
        {
            source.Position = afterFirst;
            return item;
        }

        ReadCharacter(source, out int last);
        if (last < first)
            throw source.Fault(last < 0 ? "a range that ends in a class" : "a range whose end lies before its start");
        return CodePointSet.Range(first, last);
    }

    private static CodePointSet ReadCharacter(RegexSource source, out int codePoint)
    {
        codePoint = source.Read("[ without its ]");
        if (codePoint != '\\')
            return CodePointSet.Of(codePoint);
        if (!source.TryRead("b"))
            return RegexEscape.Read(source, out codePoint);
        codePoint = '\b';
        return CodePointSet.Of(codePoint);
    }

    private static CodePointSet ReadNamed(RegexSource source)
    {
        bool isNegated = source.TryRead("^");
        string name = source.ReadUntil(':', "[: without its :]");
        if (!source.TryRead("]") || NamedSets.Posix(name) is not { } set)
            throw source.Fault($"[:{name}, which is no known class in brackets");
        return isNegated ? set.Negated() : set;
    }
}
