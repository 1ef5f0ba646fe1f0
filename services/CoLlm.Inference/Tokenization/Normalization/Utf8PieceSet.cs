using System.Text;

namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>Finds the longest of a set of pieces at the start of UTF-8 text.</summary>
internal sealed class Utf8PieceSet
{
    private readonly List<Dictionary<byte, int>> _children = [[]];
    private readonly List<bool> _ends = [false];

    public Utf8PieceSet(IEnumerable<string> pieces)
    {
        foreach (string piece in pieces)
            Add(Encoding.UTF8.GetBytes(piece));
    }

    public bool TryMatch(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        int node = 0;
        for (int at = 0; at < text.Length && _children[node].TryGetValue(text[at], out node); at++)
        {
            if (_ends[node])
                length = at + 1;
        }

        return length > 0;
    }

    private void Add(byte[] piece)
    {
        int node = 0;
        foreach (byte value in piece)
        {
            if (!_children[node].TryGetValue(value, out int child))
            {
                child = _children.Count;
                _children[node].Add(value, child);
                _children.Add([]);
                _ends.Add(false);
            }

            node = child;
        }

        _ends[node] = true;
    }
}
