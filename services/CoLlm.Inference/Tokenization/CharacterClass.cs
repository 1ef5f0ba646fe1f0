using System.Globalization;
using System.Text;

namespace CoLlm.Inference.Tokenization;

/// <summary>The character classes that pre-tokenizer patterns are written in, over whole code points.</summary>
internal static class CharacterClass
{
    /// <summary><c>\p{L}</c></summary>
    public static bool IsLetter(Rune rune) => Rune.GetUnicodeCategory(rune) <= UnicodeCategory.OtherLetter;

    /// <summary><c>\p{N}</c></summary>
    public static bool IsNumber(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber;

    /// <summary><c>\p{M}</c></summary>
    public static bool IsMark(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is >= UnicodeCategory.NonSpacingMark and <= UnicodeCategory.EnclosingMark;

    /// <summary><c>\s</c>: the Unicode property White_Space.</summary>
    public static bool IsSpace(Rune rune) => Rune.IsWhiteSpace(rune);

    /// <summary><c>\w</c>: letters, marks, decimal digits and connectors.</summary>
    public static bool IsWord(Rune rune) =>
        IsLetter(rune)
        || IsMark(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation;
}
