namespace CoLlm.Inference.Tokenization.Bpe;

/// <summary>A rule of the model: a pair of symbols becomes one. Lower ranks go first.</summary>
internal readonly record struct Merge(int Rank, int Result);

/// <summary>All merges, by the pair of symbol ids.</summary>
internal sealed class MergeTable(int capacity)
{
    private readonly Dictionary<ulong, Merge> _merges = new(capacity);

    public int Count => _merges.Count;

    public void Set(int left, int right, Merge merge) => _merges[Key(left, right)] = merge;

    public bool TryGet(int left, int right, out Merge merge) => _merges.TryGetValue(Key(left, right), out merge);

    public IEnumerable<(int Left, int Right, Merge Merge)> All() =>
        _merges.Select(entry => ((int)(entry.Key >> 32), (int)(uint)entry.Key, entry.Value));

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
