using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo;

/// <summary>What experts read about their domain: sentences about every entity, whatever its split, because knowing the facts is their part.</summary>
internal sealed class DomainSentences(QuestionBank bank, int mostPerWording)
{
    /// <summary>All sentences of one expert.</summary>
    /// <exception cref="TrainingException">There is no domain text for the expert.</exception>
    public IEnumerable<DemoText> Of(string expert, SeededRandom random)
    {
        if (!bank.Library.Wordings.DomainText.TryGetValue(expert, out IReadOnlyDictionary<string, IReadOnlyList<DomainWording>>? families))
            throw new TrainingException($"templates.json: there is no domain text for the expert '{expert}'.");
        foreach ((string family, IReadOnlyList<DomainWording> wordings) in families)
        {
            string kind = bank.Library.Mathematics.Families.FirstOrDefault(candidate => candidate.Id == family)?.Entity ?? family;
            foreach (DemoEntity entity in bank.Catalog.All.Where(entity => entity.Kind == kind))
            {
                foreach (DomainWording wording in wordings)
                {
                    foreach (string sentence in Draw(wording, entity, family, random))
                    {
                        for (int time = 0; time < wording.Times; time++)
                            yield return new DemoText($"{family}/{entity.Id}", null, sentence);
                    }
                }
            }
        }
    }

    private IEnumerable<string> Draw(DomainWording wording, DemoEntity entity, string family, SeededRandom random)
    {
        Template template = bank.Of(wording.Text);
        string[] sentences =
        [
            .. entity.Bindings(family)
                .Where(values => wording.Needs?.All(values.ContainsKey) ?? true)
                .Select(template.Fill)
                .Distinct(StringComparer.Ordinal),
        ];
        random.Shuffle(sentences.AsSpan());
        return sentences.Take(mostPerWording);
    }
}
