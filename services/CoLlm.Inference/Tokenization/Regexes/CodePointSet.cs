namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>An immutable set of code points, kept as the sorted bounds of its ranges.</summary>
internal sealed class CodePointSet
{
    public const int End = 0x110000;

    // Even entries begin a range, odd ones are the first code point after it; strictly ascending.
    private readonly int[] _bounds;
    private readonly ulong _asciiLow;
    private readonly ulong _asciiHigh;

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
        return codePoint < 128 ? (_asciiHigh >> (codePoint - 64) & 1) != 0 : Search(codePoint);
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
