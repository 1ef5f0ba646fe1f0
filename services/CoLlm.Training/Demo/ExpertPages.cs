using System.Text;
using CoLlm.Training.Demo.Making;

namespace CoLlm.Training.Demo;

/// <summary>
/// Lays what an expert reads on pages: a few sentences and short exchanges that have nothing to do with one another. So it learns to
/// go on from the sentence at hand whatever stands before it, a conversation as well; it does not learn to answer questions.
/// </summary>
internal static class ExpertPages
{
    /// <summary>What may stand before a sentence: a space twice as often as each mark of a conversation.</summary>
    private static readonly string[] Separators = [" ", " ", DemoModelSeed.User, DemoModelSeed.Assistant];

    /// <summary>Joins so many texts into each page, in a new order for every edition.</summary>
    public static IEnumerable<DemoText> Of(IEnumerable<DemoText> texts, int perPage, int editions, SeededRandom random)
    {
        DemoText[] shuffled = [.. texts];
        for (int edition = 0; edition < editions; edition++)
        {
            random.Shuffle(shuffled.AsSpan());
            foreach ((int page, DemoText[] chunk) in shuffled.Chunk(perPage).Index())
                yield return new DemoText($"page/{edition}/{page}", null, Join(chunk, random));
        }
    }

    private static string Join(DemoText[] texts, SeededRandom random)
    {
        StringBuilder page = new();
        foreach (DemoText text in texts)
        {
            if (text.Question is not null)
            {
                page.Append(DemoModelSeed.User).Append(text.Question).Append(DemoModelSeed.Assistant).Append(text.Text);
                continue;
            }

            string separator = Separators[random.NextIndex(Separators.Length)];
            page.Append(page.Length == 0 && separator == " " ? "" : separator).Append(text.Text);
        }

        return page.ToString();
    }
}
