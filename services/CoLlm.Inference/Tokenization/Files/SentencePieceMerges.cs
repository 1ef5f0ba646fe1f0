using System.Buffers;
using System.Text;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization.Bpe;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>
/// Derives merges from a SentencePiece vocabulary, which has none: any two neighbours may merge whose concatenation is a piece,
/// the highest score first. Single characters that occur in pieces without being one get symbols above the vocabulary.
/// </summary>
internal sealed class SentencePieceMerges
{
    /// <summary>Longest piece, in UTF-16 units (SentencePiece trains pieces of at most 16 characters unless told otherwise).</summary>
    private const int LongestPiece = 1024;

    private readonly Dictionary<string, int> _symbols;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public SentencePieceMerges(string file, IReadOnlyList<SentencePiece> pieces)
    {
        _symbols = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Text.Length > LongestPiece)
                throw new CheckpointException($"{file}: piece {id} has {pieces[id].Text.Length} characters, more than the bound of {LongestPiece}.");
            if (pieces[id].Kind == PieceKind.Normal)
                _symbols[pieces[id].Text] = id;
        }

        int next = pieces.Count;
        foreach (string piece in _symbols.Keys.ToArray())
        {
            foreach (Rune rune in piece.EnumerateRunes())
                next += _symbols.TryAdd(rune.ToString(), next) ? 1 : 0;
        }

        _lookup = _symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        Table = new MergeTable(pieces.Count);
        float[] scores = [.. pieces.Select(piece => piece.Score).Distinct().OrderDescending()];
        Dictionary<float, int> ranks = scores.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        for (int id = 0; id < pieces.Count; id++)
        {
            if (pieces[id].Kind == PieceKind.Normal)
                AddSplits(pieces[id].Text, new Merge(ranks[pieces[id].Score], id));
        }
    }

    public MergeTable Table { get; }

    /// <summary>Symbols of single characters.</summary>
    public IEnumerable<KeyValuePair<string, int>> Characters => _symbols.Where(entry => IsSingle(entry.Key));

    private void AddSplits(string piece, Merge merge)
    {
        ReadOnlySpan<char> text = piece;
        for (int cut = 1; cut < text.Length; cut++)
        {
            if (!char.IsLowSurrogate(text[cut])
                && _lookup.TryGetValue(text[..cut], out int left)
                && _lookup.TryGetValue(text[cut..], out int right))
            {
                Table.Set(left, right, merge);
            }
        }
    }

    private static bool IsSingle(string text) =>
        Rune.DecodeFromUtf16(text, out _, out int length) == OperationStatus.Done && length == text.Length;
}
