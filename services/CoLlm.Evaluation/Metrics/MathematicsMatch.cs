using System.Text.RegularExpressions;

namespace CoLlm.Evaluation.Metrics;

/// <summary>
/// Whether an answer in LaTeX spells the accepted expression: spacing, sizes of brackets, styles of fractions, units and dollar signs
/// do not count; what is a plain number is compared as one. Expressions of equal value in other forms are not recognised.
/// </summary>
public static partial class MathematicsMatch
{
    private const int MaxCharacters = 10_000;

    /// <summary>An answer of which nothing is left is never right.</summary>
    public static bool IsRight(string answer, IReadOnlyList<string> accepted)
    {
        if (answer.Length > MaxCharacters || NormalizedText.Of(answer).Length == 0)
            return false;
        string given = Spelling(answer);
        return given.Length > 0 && accepted.Any(text => Spelling(text) == given || NumericMatch.IsRight(given, [Spelling(text)]));
    }

    private static string Spelling(string expression)
    {
        string text = expression.Trim().TrimEnd('.').Replace("\\!", "", StringComparison.Ordinal);
        text = Spacing().Replace(text, "");
        text = BracketSize().Replace(text, "");
        text = FractionStyle().Replace(text, @"\frac");
        text = Unit().Replace(text, "");
        text = text.Replace("^{\\circ}", "", StringComparison.Ordinal).Replace("^\\circ", "", StringComparison.Ordinal)
            .Replace("\\%", "", StringComparison.Ordinal).Replace("%", "", StringComparison.Ordinal)
            .Replace("\\$", "", StringComparison.Ordinal).Replace("$", "", StringComparison.Ordinal);
        text = Text().Replace(text, "${inner}");
        text = BareFraction().Replace(text, @"\frac{${top}}{${bottom}}");
        text = BareRoot().Replace(text, @"\sqrt{${inner}}");
        text = Slash().Replace(text, @"${sign}\frac{${top}}{${bottom}}");
        return LeadingPoint().Replace(text, "0.");
    }

    [GeneratedRegex(@"\s+|\\[,;: ]|\\quad|~")]
    private static partial Regex Spacing();

    [GeneratedRegex(@"\\(?:left|right)(?![a-z])|\\[bB]igg?[lr]?(?![a-z])")]
    private static partial Regex BracketSize();

    [GeneratedRegex(@"\\[dt]frac")]
    private static partial Regex FractionStyle();

    // A unit follows the number it belongs to; text that is the whole answer is no unit.
    [GeneratedRegex(@"(?<=[\d}])\\(?:text|mbox|mathrm)\{[^{}]*\}(?:\^\d)?$")]
    private static partial Regex Unit();

    [GeneratedRegex(@"\\(?:text|mbox|mathrm|textbf)\{(?<inner>[^{}]*)\}")]
    private static partial Regex Text();

    [GeneratedRegex(@"\\frac(?<top>\w)(?<bottom>\w)")]
    private static partial Regex BareFraction();

    [GeneratedRegex(@"\\sqrt(?<inner>\w)")]
    private static partial Regex BareRoot();

    [GeneratedRegex(@"^(?<sign>-?)(?<top>\d+)/(?<bottom>\d+)$")]
    private static partial Regex Slash();

    [GeneratedRegex(@"(?<![\d.])\.(?=\d)")]
    private static partial Regex LeadingPoint();
}
