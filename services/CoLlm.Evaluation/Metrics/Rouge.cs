using System.Text.RegularExpressions;

namespace CoLlm.Evaluation.Metrics;

/// <summary>
/// ROUGE over lower-case words of letters and digits, without stemming: overlap of n-grams with clipped counts, longest common
/// subsequence, and skip-bigrams with at most four words between plus single words. Of several references the best counts.
/// </summary>
public static partial class Rouge
{
    private const int MaxWords = 4000;
    private const int MostWordsBetween = 4;

    /// <summary>ROUGE-N; a text without n-grams scores zero.</summary>
    public static ItemScore N(int n, string answer, IReadOnlyList<string> references) => Best(answer, references, (said, right) => Overlap(NGrams(said, n), NGrams(right, n)));

    /// <summary>ROUGE-L.</summary>
    public static ItemScore L(string answer, IReadOnlyList<string> references) => Best(answer, references, (said, right) =>
    {
        int common = LongestCommon(said, right);
        return said.Length == 0 || right.Length == 0 ? default : ItemScore.OfF1((double)common / said.Length, (double)common / right.Length);
    });

    /// <summary>ROUGE-SU4.</summary>
    public static ItemScore Su4(string answer, IReadOnlyList<string> references) => Best(answer, references, (said, right) => Overlap(SkipBigrams(said), SkipBigrams(right)));

    private static ItemScore Best(string answer, IReadOnlyList<string> references, Func<string[], string[], ItemScore> score)
    {
        string[] said = Words(answer);
        return references.Select(reference => score(said, Words(reference))).MaxBy(result => result.Value) is { Precision: not null } best ? best : new ItemScore(0, 0, 0);
    }

    private static string[] Words(string text) => [.. Word().Matches(text.ToLowerInvariant()).Take(MaxWords).Select(match => match.Value)];

    private static ItemScore Overlap(Dictionary<string, int> said, Dictionary<string, int> right)
    {
        int saidCount = said.Values.Sum();
        int rightCount = right.Values.Sum();
        if (saidCount == 0 || rightCount == 0)
            return default;
        int common = said.Sum(entry => Math.Min(entry.Value, right.GetValueOrDefault(entry.Key)));
        return ItemScore.OfF1((double)common / saidCount, (double)common / rightCount);
    }

    private static Dictionary<string, int> NGrams(string[] words, int n)
    {
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        for (int i = 0; i + n <= words.Length; i++)
            Count(counts, string.Join(' ', words, i, n));
        return counts;
    }

    private static Dictionary<string, int> SkipBigrams(string[] words)
    {
        Dictionary<string, int> counts = NGrams(words, 1);
        for (int i = 0; i < words.Length; i++)
        {
            for (int j = i + 1; j < words.Length && j - i - 1 <= MostWordsBetween; j++)
                Count(counts, $"{words[i]} {words[j]}");
        }

        return counts;
    }

    private static void Count(Dictionary<string, int> counts, string gram) => counts[gram] = counts.GetValueOrDefault(gram) + 1;

    private static int LongestCommon(string[] first, string[] second)
    {
        int[] previous = new int[second.Length + 1];
        int[] current = new int[second.Length + 1];
        foreach (string word in first)
        {
            for (int j = 0; j < second.Length; j++)
                current[j + 1] = word == second[j] ? previous[j] + 1 : Math.Max(previous[j + 1], current[j]);
            (previous, current) = (current, previous);
        }

        return previous[^1];
    }

    [GeneratedRegex(@"[\p{L}\p{N}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
