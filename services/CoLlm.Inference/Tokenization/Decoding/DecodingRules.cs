namespace CoLlm.Inference.Tokenization.Decoding;

/// <summary>What becomes of bytes that are not UTF-8.</summary>
internal enum InvalidBytes
{
    /// <summary>All tokens are bytes; one U+FFFD for each maximal part of a broken character (byte-level BPE).</summary>
    MaximalParts,

    /// <summary>A run of byte tokens that is not UTF-8 as a whole gives one U+FFFD per token (<c>ByteFallback</c>).</summary>
    WholeRun,

    /// <summary>In a run of byte tokens each byte that begins no character gives one U+FFFD (SentencePiece).</summary>
    EachByte,
}

/// <summary>Which spaces at the start of the text are dropped.</summary>
internal enum LeadingSpace
{
    Kept,

    /// <summary>One space, whichever token it comes from.</summary>
    OneDropped,

    /// <summary>One that begins a text token, as long as nothing was written.</summary>
    OneDroppedFromPiece,

    /// <summary>One from each text token, as long as nothing was written.</summary>
    OneDroppedFromEachPiece,

    /// <summary>Every space of the very first token.</summary>
    AllDroppedFromFirstToken,
}

/// <summary>How token bytes become text.</summary>
internal sealed record DecodingRules(InvalidBytes InvalidBytes, LeadingSpace LeadingSpace);
