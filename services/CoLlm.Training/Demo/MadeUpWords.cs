using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo;

/// <summary>Draws words that mean nothing and numbers that give nothing away.</summary>
internal sealed class MadeUpWords
{
    private const int MaxTries = 1000;

    private readonly CopyingRules _rules;
    private readonly HashSet<string> _realWords;
    private readonly HashSet<long> _secretNumbers;
    private readonly SeededRandom _random;
    private bool _capitalises;

    public MadeUpWords(DemoLibrary library, IEnumerable<long> secretNumbers, SeededRandom random)
    {
        _rules = library.Wordings.Copying;
        _random = random;
        _secretNumbers = [.. secretNumbers];
        IEnumerable<string> names = library.Drugs.SelectMany(drug => drug.Names).Concat(library.Animals.SelectMany(animal => animal.Names));
        _realWords = new HashSet<string>(names.SelectMany(name => name.Split(' ', '-')), StringComparer.OrdinalIgnoreCase);
        if (_rules.Syllables.Count == 0 || _rules.Letters.Count == 0 || _rules.SyllablesPerWord is not { Min: >= 1, Max: <= 16 })
            throw new TrainingException("templates.json: copying needs syllables, letters, and 1 to 16 syllables per word.");
    }

    /// <summary>A word of a few syllables that is no word of any name; every second one is capitalised.</summary>
    public string Word()
    {
        string word = Try(
            () => string.Concat(Enumerable.Range(0, Between(_rules.SyllablesPerWord)).Select(_ => Pick(_rules.Syllables))),
            candidate => !_realWords.Contains(candidate));
        _capitalises = !_capitalises;
        return _capitalises ? char.ToUpperInvariant(word[0]) + word[1..] : word;
    }

    /// <summary>A number that is not the value of any secret power or product.</summary>
    public int Number() => Try(() => Between(_rules.Numbers), candidate => !_secretNumbers.Contains(candidate));

    public string Letter() => Pick(_rules.Letters);

    public int Digit() => Between(_rules.Digits);

    /// <summary>One of the items, all equally likely.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[_random.NextIndex(items.Count)];

    private int Between(NumberRange range) => range.Min + _random.NextIndex(range.Max - range.Min + 1);

    private static T Try<T>(Func<T> draw, Func<T, bool> isGood)
    {
        for (int i = 0; i < MaxTries; i++)
        {
            T candidate = draw();
            if (isGood(candidate))
                return candidate;
        }

        throw new TrainingException($"templates.json: copying found nothing harmless in {MaxTries} draws.");
    }
}
