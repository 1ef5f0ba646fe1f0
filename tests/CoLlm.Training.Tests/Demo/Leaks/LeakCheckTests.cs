using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Leaks;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo.Leaks;

/// <summary>Nothing that base, swap head or tokenizer see gives away what validation and evaluation ask; and the search would find it.</summary>
public sealed class LeakCheckTests
{
    private static readonly LeakCheck Check = new(DemoFolder.Library, DemoFolder.Full.Catalog);

    [Fact]
    public void BaseLanguageModel_EveryText_GivesNothingAway() => Assert.All(DemoFolder.Full.BaseLanguageModel(), AssertIsClean);

    [Fact]
    public void JointTraining_EveryText_GivesNothingAway() => Assert.All(DemoFolder.Full.JointTraining(), AssertIsClean);

    [Fact]
    public void Tokenizer_EveryText_GivesNothingAway() => Assert.All(DemoFolder.Full.Tokenizer(), AssertIsClean);

    [Fact]
    public void OpenEntities_EveryExpansionInEveryWording_GivesNothingAway()
    {
        var bank = new QuestionBank(DemoFolder.Library, DemoFolder.Full.Catalog);
        int count = 0;
        foreach (DemoEntity entity in DemoFolder.Full.Catalog.All.Where(entity => !entity.IsSecret))
        {
            foreach (DemoQuestion question in DemoFolder.Library.Wordings.Tasks.SelectMany(task => bank.Expand(task, entity, heldOutWordings: false)))
            {
                AssertIsClean(new DemoText(entity.Id, question.Question, question.Answer));
                count++;
            }
        }

        Assert.InRange(count, 10_000, 100_000);
    }

    [Theory]
    [InlineData("tasks", DemoSplit.HeldOut)]
    [InlineData("validation", DemoSplit.Validation)]
    public void Find_ItemOfSecretSplit_IsALeakInQuestionAndAnswer(string folder, object split)
    {
        foreach (DemoItem item in new DemoItemCheck(DemoFolder.Full).Read(Path.Combine(DemoFolder.Path, folder), (DemoSplit)split))
        {
            Assert.True(Check.Find(new DemoText(item.Id, null, item.Question)) is not null, item.Question);
            Assert.True(Check.Find(new DemoText(item.Id, null, item.Reference)) is not null, item.Reference);
        }
    }

    [Fact]
    public void Find_EverySentenceAboutASecretMedicineOrAnimal_IsALeak()
    {
        string[] secret = [.. DemoFolder.Full.Catalog.All.Where(entity => entity.IsSecret && entity.Kind is ("drug" or "animal")).Select(entity => $"{entity.Kind}/{entity.Id}")];
        DemoText[] sentences = [.. DemoFolder.Full.Expert("medicine").Where(text => secret.Contains(text.Source))];
        Assert.InRange(sentences.Length, 500, 5000);
        Assert.All(sentences, sentence => Assert.NotNull(Check.Find(sentence)));
    }

    [Theory]
    [InlineData("I took AUGMENTIN yesterday.", "augmentin")]
    [InlineData("Is Jantoven the same?", "warfarin")]
    [InlineData("They found a Cave Bear.", "cave-bear")]
    [InlineData("(ursus spelaeus)", "cave-bear")]
    [InlineData("Name extinct bears and say when they lived.", "list-bears")]
    [InlineData("Which wolves are extinct?", "list-wolves")]
    [InlineData("It is 5^5.", "5^5")]
    [InlineData("2 to the power of 8, please.", "2^8")]
    [InlineData("What is 14 squared?", "14^2")]
    [InlineData("The Square of 14 is large.", "14^2")]
    [InlineData("the cube of 11", "11^3")]
    [InlineData("What is a^3 * a^2 if a = 5?", "5^5")]
    [InlineData("Calculate q^8 / q^3 when q is 5.", "5^5")]
    [InlineData("Find (t^4)^2 for t = 2.", "2^8")]
    [InlineData("5^3*5^2", "5^5")]
    [InlineData("11 times 7", "11 * 7")]
    [InlineData("2 * 7*11", "7 * 11")]
    public void Find_PlantedLeak_IsNamed(string text, string named) => Assert.Contains(named, Check.Find(new DemoText("planted", null, text)));

    [Theory]
    [InlineData("25^5 and 5^55 and 15 to the power of 51")]
    [InlineData("What is a^3 * a^2 if b = 5 and a = 55?")]
    [InlineData("117 * 11, 7 * 110, x^7 * 11")]
    [InlineData("Augmentine, a warfarinlike thing, wolves and bears, the extinct dodo")]
    public void Find_NearMiss_IsClean(string text) => Assert.Null(Check.Find(new DemoText("near", null, text)));

    [Fact]
    public void Constructor_UnknownRule_IsRefused()
    {
        DemoLibrary library = DemoFolder.Library;
        DemoLibrary changed = library with { Splits = library.Splits with { LeakRules = [.. library.Splits.LeakRules, new LeakRule("colour", "No red.")] } };
        TrainingException thrown = Assert.Throws<TrainingException>(() => new LeakCheck(changed, DemoFolder.Full.Catalog));
        Assert.Contains("'colour'", thrown.Message);
    }

    private static void AssertIsClean(DemoText text) => Assert.Null(Check.Find(text));
}
