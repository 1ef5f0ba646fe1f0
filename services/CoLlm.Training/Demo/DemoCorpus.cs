using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo;

/// <summary>
/// All texts of the demo by who reads them, as <c>split.json</c> lays down. Every audience can be streamed any number of times and is
/// the same each time: it depends on the files and the seed alone.
/// </summary>
internal sealed class DemoCorpus
{
    /// <summary>The experts, in the order of the swap head's rows.</summary>
    public static readonly string[] Experts = ["mathematics", "medicine"];

    private readonly DemoCorpusOptions _options;
    private readonly QuestionBank _bank;
    private readonly DomainSentences _sentences;

    /// <exception cref="TrainingException">The library or the options contradict themselves.</exception>
    public DemoCorpus(DemoLibrary library, DemoCorpusOptions options)
    {
        options.Validate();
        _options = options;
        Catalog = new EntityCatalog(library);
        _bank = new QuestionBank(library, Catalog);
        _sentences = new DomainSentences(_bank, options.SentencesPerWording);
        Library = library;
    }

    public DemoLibrary Library { get; }

    public EntityCatalog Catalog { get; }

    /// <summary>What the tokenizer is made from: nothing that validation or evaluation asks about.</summary>
    public IEnumerable<DemoText> Tokenizer() =>
        Conversation().Concat(Copying().All()).Concat(Questions(DemoSplit.Base)).Concat(Questions(DemoSplit.Train));

    /// <summary>What the base learns to converse from, and to carry any word into the answer.</summary>
    public IEnumerable<DemoText> BaseLanguageModel() => Enumerable.Repeat(Conversation(), _options.ConversationRepeats).SelectMany(talk => talk)
        .Concat(Copying().All().Where((_, i) => i % _options.ExerciseStep == 0)).Concat(Echoes()).Concat(Exponents()).Concat(Questions(DemoSplit.Base));

    /// <summary>What base and swap head are trained on together; some echoes keep the base in practice, and exponents are added.</summary>
    public IEnumerable<DemoText> JointTraining() => Conversation().Concat(Questions(DemoSplit.Base)).Concat(Questions(DemoSplit.Train))
        .Concat(Enumerable.Repeat(Questions(DemoSplit.Train).Where(IsList), _options.JointListRepeats).SelectMany(lists => lists))
        .Concat(Echoes().Where((_, i) => i % _options.JointEchoStep == 0)).Concat(Exponents());

    /// <summary>What one expert reads, in pieces: domain text, and a few exchanges that show it the marks of a conversation.</summary>
    /// <exception cref="TrainingException">There is no such expert.</exception>
    public IEnumerable<DemoText> Expert(string expert)
    {
        IEnumerable<DemoText> rules = expert == "mathematics" ? Library.Mathematics.Rules.Select((rule, i) => new DemoText($"rule/{i}", null, rule)) : [];
        return rules.Concat(_sentences.Of(expert, Random(Stream.Sentences)))
            .Concat(Copying().Exchanges().Where((_, i) => i % _options.ExpertExerciseStep == 0));
    }

    /// <summary>What one expert reads, as it reads it.</summary>
    /// <exception cref="TrainingException">There is no such expert.</exception>
    public IEnumerable<DemoText> ExpertPages(string expert) =>
        Demo.ExpertPages.Of(Expert(expert), _options.SentencesPerPage, _options.PageEditions, Random(Stream.Pages));

    /// <summary>All questions that an item about an entity may ask, in one class of wordings.</summary>
    public IEnumerable<DemoQuestion> AllQuestions(string task, DemoEntity entity, bool heldOutWordings) =>
        Library.Wordings.Task(task) is { } known ? _bank.Expand(known, entity, heldOutWordings) : [];

    private IEnumerable<DemoText> Conversation() => Library.Conversation.Select(talk => new DemoText(talk.Id, talk.Question, talk.Answer));

    private CopyingExercises Copying() => new(_bank, new MadeUpWords(Library, Secrets(), Random(Stream.Copying)), _options);

    private IEnumerable<DemoText> Echoes() =>
        new CopyingExercises(_bank, new MadeUpWords(Library, Secrets(), Random(Stream.Echoes), OpenWords.Of(Library)), _options).Echoes();

    private IEnumerable<DemoText> Exponents() => new ExponentExercises(_bank).All(Random(Stream.Exponents));

    private IEnumerable<long> Secrets() => Catalog.All.Where(entity => entity.IsSecret).Select(ValueOf).OfType<long>();

    private IEnumerable<DemoText> Questions(DemoSplit split, string? expert = null) =>
        _bank.Draw([split], _options.QuestionsPerEntity, Random(Stream.Questions + (int)split))
            .Where(question => expert is null || question.Task.Expert == expert)
            .Select(question => new DemoText($"{question.Task.Id}/{question.Entity.Id}", question.Question, question.Answer));

    private static bool IsList(DemoText text) => text.Source.StartsWith("animal_list/", StringComparison.Ordinal);

    private static long? ValueOf(DemoEntity entity) => entity switch
    {
        PowerEntity power => power.Value,
        ProductEntity product => (long)product.X * product.Y,
        _ => null,
    };

    private SeededRandom Random(Stream stream) => SeededRandom.ForStream(_options.Seed, (ulong)stream);

    /// <summary>Every kind of text draws from numbers of its own, so that more of one changes nothing in another.</summary>
    private enum Stream
    {
        Sentences = 1,
        Copying = 2,
        Pages = 3,
        Echoes = 4,
        Exponents = 5,
        Questions = 16,
    }
}
