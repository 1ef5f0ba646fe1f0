namespace CoLlm.Inference.Tokenization;

/// <summary>A token that is recognised as a whole inside text, before the model sees the rest.</summary>
/// <param name="Id">Its token id.</param>
/// <param name="Content">The text it stands for.</param>
/// <param name="IsSpecial">Markup rather than text: left out where decoding skips special tokens.</param>
/// <param name="StripsLeft">Swallows white space before it.</param>
/// <param name="StripsRight">Swallows white space after it.</param>
/// <param name="IsSingleWord">Not recognised inside a word.</param>
/// <param name="IsNormalized">Looked for in the normalised text instead of the text as given.</param>
internal sealed record AddedToken(
    int Id,
    string Content,
    bool IsSpecial,
    bool StripsLeft = false,
    bool StripsRight = false,
    bool IsSingleWord = false,
    bool IsNormalized = false);
