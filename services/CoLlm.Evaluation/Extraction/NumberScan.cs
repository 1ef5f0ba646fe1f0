using System.Text.RegularExpressions;

namespace CoLlm.Evaluation.Extraction;

/// <summary>Finds numbers in text, with their signs: thousands may be grouped by commas, a dollar or percent sign may stand by.</summary>
internal static partial class NumberScan
{
    /// <summary>The first number at or after a place; null where there is none.</summary>
    public static string? First(string text, int start) => Number().Match(text, start) is { Success: true } match ? Signed(text, match) : null;

    /// <summary>The last number; null where there is none.</summary>
    public static string? Last(string text) => Number().Matches(text).LastOrDefault() is { } match ? Signed(text, match) : null;

    /// <summary>Puts the minus before the number that has one.</summary>
    private static string Signed(string text, Match match) => IsNegative(text, match.Index) ? "-" + match.Value : match.Value;

    /// <summary>
    /// A minus is a sign where nothing stands before it that could be subtracted from: "is -3" and "= - 3", but not "16 - 3" or "x-3".
    /// </summary>
    private static bool IsNegative(string text, int start)
    {
        int sign = start - 1;
        while (sign >= 0 && text[sign] == ' ')
            sign--;
        if (sign < 0 || text[sign] is not ('-' or '\u2212'))
            return false;
        int before = sign - 1;
        if (sign < start - 1)
        {
            while (before >= 0 && text[before] == ' ')
                before--;
        }

        return before < 0 || !(char.IsLetterOrDigit(text[before]) || text[before] is ')' or ']' or '}' or '.');
    }

    [GeneratedRegex(@"\$?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?%?|\$?\.\d+%?", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
