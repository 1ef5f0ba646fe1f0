using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo;

/// <summary>Who reads what.</summary>
public sealed class DemoCorpusTests
{
    [Fact]
    public void Audiences_SameSeed_AreTheSameTexts()
    {
        Assert.Equal(Everything(DemoFolder.Small()), Everything(DemoFolder.Small()));
        DemoCorpus streamedTwice = DemoFolder.Small();
        Assert.Equal(streamedTwice.BaseLanguageModel(), streamedTwice.BaseLanguageModel());
    }

    [Fact]
    public void Audiences_OtherSeed_AreOtherTexts() => Assert.NotEqual(Everything(DemoFolder.Small()), Everything(DemoFolder.Small(seed: 6)));

    [Fact]
    public void BaseLanguageModel_Questions_AreOfBaseAlone()
    {
        HashSet<string> others = SourcesOf(entity => entity.Split != DemoSplit.Base);
        Assert.DoesNotContain(DemoFolder.Full.BaseLanguageModel(), text => others.Contains(text.Source));
    }

    [Fact]
    public void JointTraining_Questions_CoverEveryEntityOfBaseAndTrain()
    {
        HashSet<string> seen = [.. DemoFolder.Small().JointTraining().Select(text => text.Source[(text.Source.IndexOf('/', StringComparison.Ordinal) + 1)..])];
        Assert.All(DemoFolder.Full.Catalog.All.Where(entity => !entity.IsSecret), entity => Assert.Contains(entity.Id, seen));
    }

    [Theory]
    [InlineData("mathematics")]
    [InlineData("medicine")]
    public void Expert_Questions_AreNeverAboutTheDomain(string expert)
    {
        HashSet<string> entities = SourcesOf(_ => true);
        Assert.DoesNotContain(DemoFolder.Full.Expert(expert), text => text.Question is not null && entities.Contains(text.Source));
    }

    [Theory]
    [InlineData("mathematics", "power", "product")]
    [InlineData("medicine", "drug", "animal", "animal_list")]
    public void Expert_Sentences_CoverEveryEntityOfItsKinds(string expert, params string[] kinds)
    {
        HashSet<string> read = [.. DemoFolder.Small().Expert(expert).Where(text => text.Question is null).Select(text => text.Source)];
        Assert.All(DemoFolder.Full.Catalog.All.Where(entity => kinds.Contains(entity.Kind)), entity => Assert.Contains($"{entity.Kind}/{entity.Id}", read));
    }

    [Fact]
    public void Expert_FirstSentenceOfEveryHeldOutAnswer_IsInItsReading()
    {
        Dictionary<string, HashSet<string>> read = DemoCorpus.Experts.ToDictionary(
            expert => expert, expert => DemoFolder.Full.Expert(expert).Where(text => text.Question is null).Select(text => text.Text).ToHashSet());
        foreach (DemoItem item in new DemoItemCheck(DemoFolder.Full).Read(Path.Combine(DemoFolder.Path, "tasks"), DemoSplit.HeldOut))
        {
            string sentence = item.Reference[..(item.Reference.IndexOf(item.Answer, StringComparison.Ordinal) + item.Answer.Length)];
            if (item.Expert == "medicine")
                Assert.Contains(read["medicine"], text => text.Contains(sentence, StringComparison.Ordinal));
            else
                Assert.Contains(read["mathematics"], text => text.Contains(item.Reference[(item.Reference.LastIndexOf(' ', item.Reference.IndexOf('=', StringComparison.Ordinal) - 2) + 1)..], StringComparison.Ordinal)
                    || text.Contains($"{item.Entity} = {item.Answer}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Expert_Unknown_IsRefused() => Assert.Throws<TrainingException>(() => DemoFolder.Small().Expert("history").Count());

    [Fact]
    public void Constructor_OptionOutOfRange_IsRefused() =>
        Assert.Contains("FramesPerTask", Assert.Throws<TrainingException>(() => new DemoCorpus(DemoFolder.Library, new DemoCorpusOptions { FramesPerTask = 0 })).Message);

    [Fact]
    public void BaseLanguageModel_Conversation_StandsThereAsOftenAsTheOptionsSay() => Assert.All(
        BaseTalk(), times => Assert.Equal(new DemoCorpusOptions().ConversationRepeats, times));

    private static IEnumerable<int> BaseTalk()
    {
        ILookup<string, DemoText> texts = DemoFolder.Full.BaseLanguageModel().ToLookup(text => text.Source);
        return DemoFolder.Library.Conversation.Select(talk => texts[talk.Id].Count());
    }

    private static DemoText[] Everything(DemoCorpus corpus) =>
        [.. corpus.Tokenizer(), .. corpus.BaseLanguageModel(), .. corpus.JointTraining(), .. DemoCorpus.Experts.SelectMany(corpus.ExpertPages)];

    private static HashSet<string> SourcesOf(Func<DemoEntity, bool> isWanted) =>
        [.. DemoFolder.Full.Catalog.All.Where(isWanted).SelectMany(entity => DemoFolder.Library.Wordings.Tasks.Where(entity.Suits).Select(task => $"{task.Id}/{entity.Id}"))];
}
