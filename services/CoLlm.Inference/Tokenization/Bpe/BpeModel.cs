using System.Buffers;
using System.Text;

namespace CoLlm.Inference.Tokenization.Bpe;

/// <summary>
/// Byte-pair encoding over characters: a word's characters become symbols, symbols are merged by rank, what is left are the ids.
/// Immutable; <see cref="Encode"/> may run on many threads, each with its own <see cref="BpeWord"/>.
/// </summary>
internal sealed class BpeModel
{
    /// <summary>A character that no piece holds, while merging is done first and falling back afterwards.</summary>
    private const int Unknown = -1;

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _pieces;
    private readonly Dictionary<int, int> _symbols = [];
    private readonly int[] _lowSymbols = new int[0x180];

    /// <param name="pieces">Piece text to id.</param>
    /// <param name="merges">Merges between ids, and between the extra symbols of <paramref name="options"/>.</param>
    /// <param name="options">How characters become symbols and what happens to those that do not.</param>
    public BpeModel(Dictionary<string, int> pieces, MergeTable merges, BpeOptions options)
    {
        Pieces = pieces;
        Merges = merges;
        Options = options;
        _pieces = pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        Array.Fill(_lowSymbols, Unknown);
        foreach ((string piece, int id) in options.SymbolSource ?? pieces)
        {
            if (Rune.DecodeFromUtf16(piece, out Rune rune, out int length) == OperationStatus.Done && length == piece.Length)
                AddSymbol(rune.Value, id);
        }
    }

    public Dictionary<string, int> Pieces { get; }

    public MergeTable Merges { get; }

    public BpeOptions Options { get; }

    /// <summary>Appends the ids of <paramref name="word"/>, which is well-formed UTF-16.</summary>
    public void Encode(ReadOnlySpan<char> word, BpeWord scratch, List<int> ids)
    {
        if (Options.TakesWholeWords && _pieces.TryGetValue(word, out int whole))
        {
            ids.Add(whole);
            return;
        }

        scratch.Clear();
        if (Options.FallsBackAfterMerging)
            AddSymbolsThenFallBack(word, scratch);
        else
            AddSymbolsFallingBack(word, scratch);
        scratch.Merge(Merges);
        for (int at = scratch.First; at >= 0; at = scratch.Next(at))
            Append(word, scratch, ref at, ids);
    }

    private void Append(ReadOnlySpan<char> word, BpeWord scratch, ref int at, List<int> ids)
    {
        int id = scratch.IdAt(at);
        if (id >= 0 && id < Options.ExtraSymbolsFrom)
        {
            ids.Add(id);
            return;
        }

        if (id < Unknown)
        {
            ids.Add(~(id + 1));
            return;
        }

        // A run of characters without a piece: bytes where the model has them, else one unknown token for the whole run.
        int start = scratch.StartAt(at);
        for (int next = scratch.Next(at); next >= 0 && IsUnknown(scratch.IdAt(next)); next = scratch.Next(next))
            at = next;
        int end = scratch.Next(at) is int following and >= 0 ? scratch.StartAt(following) : word.Length;
        if (Options.ByteIds is not null)
            AppendBytes(word[start..end], ids);
        else if (Options.UnknownId >= 0)
            ids.Add(Options.UnknownId);
    }

    private bool IsUnknown(int id) => id == Unknown || id >= Options.ExtraSymbolsFrom;

    private void AppendBytes(ReadOnlySpan<char> text, List<int> ids)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
                ids.Add(Options.ByteIds![value]);
        }
    }

    /// <summary>SentencePiece's way: user-defined pieces stand apart, other characters merge as they are.</summary>
    private void AddSymbolsThenFallBack(ReadOnlySpan<char> word, BpeWord scratch)
    {
        int position = 0;
        while (position < word.Length)
        {
            int length = 0;
            if (Options.FrozenPieces is { } frozen && frozen.TryMatch(word, position, out int id, out length))
            {
                scratch.Add(~id - 1, position);
            }
            else
            {
                Rune.DecodeFromUtf16(word[position..], out Rune rune, out length);
                scratch.Add(SymbolOf(rune.Value), position);
            }

            position += length;
        }
    }

    /// <summary>The way of <c>tokenizer.json</c>: what has no piece becomes bytes or the unknown token before anything is merged.</summary>
    private void AddSymbolsFallingBack(ReadOnlySpan<char> word, BpeWord scratch)
    {
        Span<byte> utf8 = stackalloc byte[4];
        bool afterUnknown = false;
        int position = 0;
        while (position < word.Length)
        {
            Rune.DecodeFromUtf16(word[position..], out Rune rune, out int length);
            int symbol = SymbolOf(rune.Value);
            if (symbol >= 0)
            {
                scratch.Add(symbol, position);
            }
            else if (HasBytes(utf8[..rune.EncodeToUtf8(utf8)]))
            {
                foreach (byte value in utf8[..rune.Utf8SequenceLength])
                    scratch.Add(Options.ByteIds![value], position);
            }
            else if (Options.UnknownId >= 0 && !(afterUnknown && Options.FusesUnknown))
            {
                scratch.Add(Options.UnknownId, position);
            }

            afterUnknown = symbol < 0;
            position += length;
        }
    }

    private bool HasBytes(ReadOnlySpan<byte> utf8)
    {
        foreach (byte value in utf8)
        {
            if (Options.ByteIds is null || Options.ByteIds[value] < 0)
                return false;
        }

        return true;
    }

    private int SymbolOf(int codePoint) =>
        codePoint < _lowSymbols.Length ? _lowSymbols[codePoint] : _symbols.GetValueOrDefault(codePoint, Unknown);

    private void AddSymbol(int codePoint, int id)
    {
        if (codePoint < _lowSymbols.Length)
            _lowSymbols[codePoint] = id;
        else
            _symbols[codePoint] = id;
    }
}
