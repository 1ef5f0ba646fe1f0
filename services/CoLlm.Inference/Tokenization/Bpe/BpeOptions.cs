namespace CoLlm.Inference.Tokenization.Bpe;

/// <summary>How a <see cref="BpeModel"/> turns characters into symbols, and what becomes of those that have none.</summary>
internal sealed record BpeOptions
{
    /// <summary>A word that is itself a piece is taken as it is (<c>ignore_merges</c>).</summary>
    public bool TakesWholeWords { get; init; }

    /// <summary>Merge first and fall back for what is left (SentencePiece); otherwise the other way round.</summary>
    public bool FallsBackAfterMerging { get; init; }

    /// <summary>The ids of the 256 byte pieces, -1 where one is missing; null: no byte fallback. <c>[256]</c></summary>
    public int[]? ByteIds { get; init; }

    /// <summary>Stands for characters that nothing else covers; -1: they are dropped.</summary>
    public int UnknownId { get; init; } = -1;

    /// <summary>A run of unknown characters gives one unknown token.</summary>
    public bool FusesUnknown { get; init; }

    /// <summary>Pieces that are found before anything else and never merge; null: none.</summary>
    public PieceTrie? FrozenPieces { get; init; }

    /// <summary>Where single-character symbols are taken from; null: from the pieces.</summary>
    public IEnumerable<KeyValuePair<string, int>>? SymbolSource { get; init; }

    /// <summary>Symbols from here on are characters that occur in pieces without being one; they are no ids.</summary>
    public int ExtraSymbolsFrom { get; init; } = int.MaxValue;
}
