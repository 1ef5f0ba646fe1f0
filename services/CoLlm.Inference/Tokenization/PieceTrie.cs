namespace CoLlm.Inference.Tokenization;

/// <summary>Finds the longest of a set of pieces at a place in text.</summary>
internal sealed class PieceTrie
{
    private readonly List<Dictionary<char, int>> _children = [[]];
    private readonly List<int> _idAt = [-1];

    public void Add(ReadOnlySpan<char> piece, int id)
    {
        int node = 0;
        foreach (char character in piece)
        {
            if (!_children[node].TryGetValue(character, out int child))
            {
                child = _children.Count;
                _children[node].Add(character, child);
                _children.Add([]);
                _idAt.Add(-1);
            }

            node = child;
        }

        _idAt[node] = id;
    }

    /// <summary>The longest piece at <paramref name="position"/>; its id and its length in UTF-16 units.</summary>
    public bool TryMatch(ReadOnlySpan<char> text, int position, out int id, out int length)
    {
        (id, length) = (-1, 0);
        int node = 0;
        for (int at = position; at < text.Length && _children[node].TryGetValue(text[at], out node); at++)
        {
            if (_idAt[node] >= 0)
                (id, length) = (_idAt[node], at + 1 - position);
        }

        return id >= 0;
    }
}
