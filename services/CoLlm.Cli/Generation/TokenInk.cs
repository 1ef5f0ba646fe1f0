using CoLlm.Protocol.V1;
using Spectre.Console;

namespace CoLlm.Cli.Generation;

/// <summary>How one token is shown: by its author, and by whether it is a place to double-check.</summary>
/// <param name="Origin">Who wrote it.</param>
/// <param name="ExpertIndex">Which expert, where it was one.</param>
/// <param name="IsFallback">By the base in an expert's place.</param>
/// <param name="IsContested">A place to double-check.</param>
internal readonly record struct TokenInk(Origin Origin, int ExpertIndex, bool IsFallback, bool IsContested)
{
    /// <summary>Stands under contested characters where there are no colours.</summary>
    public const char ContestedMark = '?';

    private const char ComposedMark = '+';
    private const char FallbackMark = '!';

    private static readonly Color[] ExpertColors = [Color.Green, Color.Aqua, Color.Fuchsia, Color.Yellow, Color.Blue, Color.Orange1];

    public static TokenInk Of(TokenEvent token) => new(token.Origin, token.ExpertIndex, token.IsFallback, token.IsContested);

    /// <summary>An expert's ink, without a mark to double-check.</summary>
    public static TokenInk OfExpert(int index) => new(Origin.Expert, index, IsFallback: false, IsContested: false);

    /// <summary>Colour by author, underlined where contested.</summary>
    public Style ToStyle() => new(ToColor(), decoration: IsContested ? Decoration.Underline : Decoration.None);

    /// <summary>The author as one character, a space for the base: for output without colours.</summary>
    public char ToAuthorMark() => Origin switch
    {
        Origin.Expert => (char)('1' + (ExpertIndex % 9)),
        Origin.Composed => ComposedMark,
        _ when IsFallback => FallbackMark,
        _ => ' ',
    };

    private Color? ToColor() => Origin switch
    {
        Origin.Expert => ExpertColors[ExpertIndex % ExpertColors.Length],
        Origin.Composed => Color.Purple,
        _ when IsFallback => Color.Red,
        _ => null,
    };
}
