namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>Where SentencePiece's dummy prefix goes.</summary>
internal enum SpacePrefix
{
    None,

    /// <summary>Before the text, but not again after an added token.</summary>
    TextStart,

    /// <summary>Before every stretch of text between added tokens.</summary>
    EverySegment,
}

/// <summary>The normaliser part of a <c>tokenizer.model</c>.</summary>
/// <param name="CharacterMap">Null: characters stay as they are.</param>
/// <param name="Prefix">Where a space is put before text.</param>
/// <param name="CollapsesSpaces">Spaces at the ends are dropped, runs become one.</param>
/// <param name="EscapesSpaces">Spaces are written as the mark U+2581.</param>
/// <param name="UserDefined">Pieces that are not normalised; null: none.</param>
internal sealed record SentencePieceNormalization(
    PrecompiledCharacterMap? CharacterMap, SpacePrefix Prefix, bool CollapsesSpaces, bool EscapesSpaces, Utf8PieceSet? UserDefined);
