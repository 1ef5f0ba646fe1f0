namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>An immutable set of code points, kept as the sorted bounds of its ranges.</summary>
internal sealed class CodePointSet
{
    public const int End = 0x110000;

    // Even entries begin a range, odd ones are the first code point after it; strictly ascending.
    private readonly int[] _bounds;
    private readonly ulong _asciiLow;
    private readonly ulong _asciiHigh;

    // A bit for each code point of the basic plane; null where the set is small or nobody asked for it.
    private ulong[]? _table;

    private CodePointSet(int[] bounds)
    {
        _bounds = bounds;
        for (int ascii = 0; ascii < 64; ascii++)
        {
            _asciiLow |= Search(ascii) ? 1UL << ascii : 0;
            _asciiHigh |= Search(ascii + 64) ? 1UL << ascii : 0;
        }
    }

    public static CodePointSet Empty { get; } = new([]);

    public static CodePointSet All { get; } = new([0, End]);

    public bool IsEmpty => _bounds.Length == 0;

    /// <summary>Whether it holds a code point beyond ASCII.</summary>
    public bool ExceedsAscii => _bounds.Length > 0 && _bounds[^1] > 0x80;

    public static CodePointSet Of(int codePoint) => Range(codePoint, codePoint);

    /// <summary>The code points from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static CodePointSet Range(int first, int last) => new([first, last + 1]);

    /// <summary>From ranges in ascending order that neither meet nor overlap.</summary>
    public static CodePointSet FromBounds(IEnumerable<int> bounds) => new([.. bounds]);

    public static CodePointSet OfRunes(string runes) =>
        runes.EnumerateRunes().Aggregate(Empty, (set, rune) => set.Union(Of(rune.Value)));

    public bool Contains(int codePoint)
    {
        if (codePoint < 64)
            return (_asciiLow >> codePoint & 1) != 0;
        if (codePoint < 128)
            return (_asciiHigh >> (codePoint - 64) & 1) != 0;
        return _table is { } table && codePoint <= char.MaxValue ? (table[codePoint >> 6] >> codePoint & 1) != 0 : Search(codePoint);
    }

    /// <summary>Makes <see cref="Contains"/> quick for a set of many ranges, at the cost of 8 KB.</summary>
    public void MakeTable()
    {
        const int FewBounds = 8;
        if (_table is not null || _bounds.Length <= FewBounds)
            return;
        var table = new ulong[(char.MaxValue + 1) / 64];
        for (int index = 0; index < _bounds.Length; index += 2)
        {
            for (int codePoint = _bounds[index]; codePoint < Math.Min(_bounds[index + 1], char.MaxValue + 1); codePoint++)
                table[codePoint >> 6] |= 1UL << codePoint;
        }

        _table = table;
    }

    public CodePointSet Union(CodePointSet other) => Combine(other, static (left, right) => left || right);

    public CodePointSet Intersect(CodePointSet other) => Combine(other, static (left, right) => left && right);

    public CodePointSet Except(CodePointSet other) => Combine(other, static (left, right) => left && !right);

    public CodePointSet Negated() => All.Except(this);

    private bool Search(int codePoint)
    {
        int index = Array.BinarySearch(_bounds, codePoint);
        return index >= 0 ? index % 2 == 0 : ~index % 2 == 1;
    }

    private CodePointSet Combine(CodePointSet other, Func<bool, bool, bool> isMember)
    {
        List<int> bounds = [];
        (int left, int right) = (0, 0);
        bool isInside = false;
        while (left < _bounds.Length || right < other._bounds.Length)
        {
            int nextLeft = left < _bounds.Length ? _bounds[left] : End;
            int nextRight = right < other._bounds.Length ? other._bounds[right] : End;
            int bound = Math.Min(nextLeft, nextRight);
            left += left < _bounds.Length && nextLeft == bound ? 1 : 0;
            right += right < other._bounds.Length && nextRight == bound ? 1 : 0;
            bool isNowInside = isMember(left % 2 == 1, right % 2 == 1);
            if (isNowInside != isInside)
                bounds.Add(bound);
            isInside = isNowInside;
        }

        return new CodePointSet([.. bounds]);
    }
}
