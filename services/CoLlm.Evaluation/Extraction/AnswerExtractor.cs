using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace CoLlm.Evaluation.Extraction;

/// <summary>
/// Finds the span of an answer that is compared. A rule is <c>last_number</c>, <c>boxed</c>, <c>yes_no</c>, <c>first_line</c>, or a
/// regular expression whose first group is the span. What is not found is empty, and an empty span is never right.
/// </summary>
public static partial class AnswerExtractor
{
    public const string LastNumberRule = "last_number";
    public const string BoxedRule = "boxed";
    public const string YesNoRule = "yes_no";
    public const string FirstLineRule = "first_line";

    private const int MaxPatternCharacters = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Patterns of tasks: few, because items of a task share theirs; cleared where that is not so.</summary>
    private static readonly ConcurrentDictionary<string, Regex> Patterns = new(StringComparer.Ordinal);

    /// <summary>The span; the whole answer, trimmed, where <paramref name="rule"/> is null.</summary>
    public static string Extract(string? rule, string answer) => rule switch
    {
        null => answer.Trim(),
        LastNumberRule => LastNumber(answer),
        BoxedRule => BoxedText.Last(answer) ?? "",
        YesNoRule => YesNo().Match(answer).Value.ToLowerInvariant(),
        FirstLineRule => answer.Trim().Split('\n')[0].Trim(),
        _ => ByPattern(rule, answer),
    };

    /// <summary>What is wrong with a rule, as the end of a sentence; null where nothing is.</summary>
    public static string? FindProblem(string rule)
    {
        if (rule is LastNumberRule or BoxedRule or YesNoRule or FirstLineRule)
            return null;
        if (rule.Length > MaxPatternCharacters)
            return $"has an extraction rule of {rule.Length} characters; at most {MaxPatternCharacters} are allowed";
        try
        {
            return Pattern(rule).GetGroupNumbers().Length > 1 ? null : "has an extraction rule without a group";
        }
        catch (ArgumentException exception)
        {
            return $"has an extraction rule that is no regular expression ({exception.Message.TrimEnd('.')})";
        }
    }

    private static string ByPattern(string pattern, string answer)
    {
        try
        {
            return Pattern(pattern).Match(answer) is { Success: true } match ? match.Groups[1].Value.Trim() : "";
        }
        catch (RegexMatchTimeoutException)
        {
            return "";
        }
    }

    private static Regex Pattern(string pattern)
    {
        if (Patterns.Count > 1000)
            Patterns.Clear();
        return Patterns.GetOrAdd(pattern, source => new Regex(source, RegexOptions.Singleline | RegexOptions.CultureInvariant, Patience));
    }

    /// <summary>The number after the mark that answers end with, or else the last one there is.</summary>
    private static string LastNumber(string answer)
    {
        Match? mark = FinalMark().Matches(answer).LastOrDefault();
        return (mark is null ? null : NumberScan.First(answer, mark.Index + mark.Length)) ?? NumberScan.Last(answer) ?? "";
    }

    [GeneratedRegex(@"####|\b(?:final )?answer(?: is|:)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex FinalMark();

    [GeneratedRegex(@"\b(?:yes|no)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex YesNo();
}
