namespace CoLlm.Evaluation.Metrics;

/// <summary>A decimal number of any size in its shortest spelling, so that equal numbers are equal values: no rounding anywhere.</summary>
internal readonly record struct ExactNumber
{
    private const int MaxCharacters = 200;

    private ExactNumber(string spelling) => Spelling = spelling;

    public string Spelling { get; }

    /// <summary>
    /// Reads a sign, digits with or without commas between groups of three, decimals after a point; a dollar sign before and a percent
    /// sign behind say nothing about the number. Null for anything else.
    /// </summary>
    public static ExactNumber? TryParse(string text)
    {
        string rest = text.Trim().TrimEnd('.').Trim();
        if (rest.Length is 0 or > MaxCharacters)
            return null;
        rest = WithoutSign(rest, out bool isNegative);
        if (rest.StartsWith('$'))
            rest = isNegative ? rest[1..].TrimStart() : WithoutSign(rest[1..].TrimStart(), out isNegative);
        rest = rest.EndsWith('%') ? rest[..^1].TrimEnd() : rest;

        string[] halves = rest.Split('.');
        if (halves.Length > 2 || (halves.Length == 2 && !IsDigits(halves[1])) || (halves[0].Length == 0 && halves.Length == 1))
            return null;
        if (Grouped(halves[0]) is not { } whole)
            return null;
        whole = whole.TrimStart('0');
        string fraction = halves.Length == 2 ? halves[1].TrimEnd('0') : "";
        string magnitude = (whole.Length == 0 ? "0" : whole) + (fraction.Length == 0 ? "" : "." + fraction);
        return new ExactNumber(isNegative && magnitude != "0" ? "-" + magnitude : magnitude);
    }

    private static string WithoutSign(string text, out bool isNegative)
    {
        isNegative = text.Length > 0 && text[0] is '-' or '\u2212';
        return isNegative || text.StartsWith('+') ? text[1..].TrimStart() : text;
    }

    /// <summary>The digits of a whole number without its commas; null where they do not part groups of three.</summary>
    private static string? Grouped(string text)
    {
        if (text.Length == 0)
            return "";
        string[] groups = text.Split(',');
        bool isGrouped = groups.Length == 1 || (groups[0].Length <= 3 && groups.Skip(1).All(group => group.Length == 3));
        return isGrouped && groups.All(IsDigits) ? string.Concat(groups) : null;
    }

    private static bool IsDigits(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
}
