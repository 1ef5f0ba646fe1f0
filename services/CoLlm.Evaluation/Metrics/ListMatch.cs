namespace CoLlm.Evaluation.Metrics;

/// <summary>
/// Precision, recall and F1 of a list. Every element said can stand for one right element and every right element is found once: the
/// pairs are chosen so that there are as many as possible.
/// </summary>
public static class ListMatch
{
    private const int MaxElements = 1000;
    private static readonly char[] Bullets = [' ', '\n', '\t', '-', '*', '\u2022'];

    /// <summary>Scores a list answer.</summary>
    /// <param name="answer">Elements with separators between; nothing said scores zero.</param>
    /// <param name="elements">Accepted names of each right element.</param>
    /// <param name="separators">Where the answer is cut.</param>
    public static ItemScore Score(string answer, IReadOnlyList<IReadOnlyList<string>> elements, IReadOnlyList<string> separators)
    {
        string[] said = Elements(answer, separators);
        if (said.Length == 0)
            return new ItemScore(0, 0, 0);
        HashSet<string>[] names = [.. elements.Select(alternatives => alternatives.Select(NormalizedText.Of).ToHashSet(StringComparer.Ordinal))];
        int found = MostPairs(said, names);
        return ItemScore.OfF1((double)found / said.Length, (double)found / names.Length);
    }

    /// <summary>The elements said, normalised; the same one said again counts once, and what is beyond the bound is not read.</summary>
    private static string[] Elements(string answer, IReadOnlyList<string> separators)
    {
        // The last element often has both a comma and the word before it.
        string conjunction = separators.FirstOrDefault(separator => separator.Trim() == "and")?.TrimStart() ?? "";
        return
        [
            .. answer.Split([.. separators], MaxElements, StringSplitOptions.RemoveEmptyEntries)
                .Select(part => part.TrimStart(Bullets))
                .Select(part => conjunction.Length > 0 && part.StartsWith(conjunction, StringComparison.OrdinalIgnoreCase) ? part[conjunction.Length..] : part)
                .Select(NormalizedText.Of)
                .Where(part => part.Length > 0)
                .Distinct(StringComparer.Ordinal),
        ];
    }

    /// <summary>Augmenting paths: each element said tries the right ones that its name fits, moving earlier ones where they can move.</summary>
    private static int MostPairs(string[] said, HashSet<string>[] names)
    {
        int[] takenBy = [.. Enumerable.Repeat(-1, names.Length)];
        int pairs = 0;
        for (int i = 0; i < said.Length; i++)
        {
            if (TryPlace(i, said, names, takenBy, new bool[names.Length]))
                pairs++;
        }

        return pairs;
    }

    private static bool TryPlace(int element, string[] said, HashSet<string>[] names, int[] takenBy, bool[] isTried)
    {
        for (int right = 0; right < names.Length; right++)
        {
            if (isTried[right] || !names[right].Contains(said[element]))
                continue;
            isTried[right] = true;
            if (takenBy[right] < 0 || TryPlace(takenBy[right], said, names, takenBy, isTried))
            {
                takenBy[right] = element;
                return true;
            }
        }

        return false;
    }
}
