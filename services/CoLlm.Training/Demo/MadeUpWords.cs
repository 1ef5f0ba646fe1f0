using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo;

/// <summary>
/// Draws words that mean nothing and numbers that give nothing away. Where there are real words to draw on, some words are these, and
/// others are put together from parts of them: so that all pieces of the tokenizer turn up, not only those of the syllables.
/// </summary>
internal sealed class MadeUpWords
{
    private const int MaxTries = 1000;

    private static readonly NumberRange PartsPerWord = new(1, 4);
    private static readonly NumberRange PartLength = new(2, 5);

    private readonly CopyingRules _rules;
    private readonly HashSet<string> _realWords;
    private readonly HashSet<long> _secretNumbers;
    private readonly SeededRandom _random;
    private readonly IReadOnlyList<string> _openWords;
    private bool _capitalises;

    /// <param name="library">Rules, and the names to avoid.</param>
    /// <param name="secretNumbers">Numbers to avoid.</param>
    /// <param name="random">Decides.</param>
    /// <param name="openWords">Real words that anybody may see; none: syllables alone.</param>
    public MadeUpWords(DemoLibrary library, IEnumerable<long> secretNumbers, SeededRandom random, IReadOnlyList<string>? openWords = null)
    {
        _openWords = openWords ?? [];
        _rules = library.Wordings.Copying;
        _random = random;
        _secretNumbers = [.. secretNumbers];
        IEnumerable<string> names = library.Drugs.SelectMany(drug => drug.Names).Concat(library.Animals.SelectMany(animal => animal.Names));
        _realWords = new HashSet<string>(names.SelectMany(name => name.Split(' ', '-')), StringComparer.OrdinalIgnoreCase);
        if (_rules.Syllables.Count == 0 || _rules.Letters.Count == 0 || _rules.SyllablesPerWord is not { Min: >= 1, Max: <= 16 })
            throw new TrainingException("templates.json: copying needs syllables, letters, and 1 to 16 syllables per word.");
    }

    /// <summary>A word that is no word of any name, every second one capitalised; or a real word that anybody may see.</summary>
    public string Word()
    {
        int kind = _openWords.Count == 0 ? int.MaxValue : _random.NextIndex(10);
        if (kind < 4)
            return Pick(_openWords);
        string word = Try(() => kind < 8 ? FromParts() : FromSyllables(), candidate => !_realWords.Contains(candidate));
        _capitalises = !_capitalises;
        return _capitalises ? char.ToUpperInvariant(word[0]) + word[1..] : word;
    }

    /// <summary>A number that is not the value of any secret power or product.</summary>
    public int Number() => Try(() => Between(_rules.Numbers), candidate => !_secretNumbers.Contains(candidate));

    public string Letter() => Pick(_rules.Letters);

    public int Digit() => Between(_rules.Digits);

    /// <summary>One of the items, all equally likely.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[_random.NextIndex(items.Count)];

    private string FromSyllables() => string.Concat(Enumerable.Range(0, Between(_rules.SyllablesPerWord)).Select(_ => Pick(_rules.Syllables)));

    private string FromParts() => string.Concat(Enumerable.Range(0, Between(PartsPerWord)).Select(_ =>
    {
        string word = Pick(_openWords).ToLowerInvariant();
        int length = Math.Min(word.Length, Between(PartLength));
        return word.Substring(_random.NextIndex(word.Length - length + 1), length);
    }));

    /// <summary>A whole number of a range.</summary>
    public int Between(NumberRange range) => range.Min + _random.NextIndex(range.Max - range.Min + 1);

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
