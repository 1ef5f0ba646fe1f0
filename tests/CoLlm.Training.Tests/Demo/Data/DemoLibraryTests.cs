using CoLlm.Testing;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo.Data;

/// <summary>Reading the hand-written files, and what is said where they are wrong.</summary>
public sealed class DemoLibraryTests
{
    [Fact]
    public void Load_Repository_HoldsEnoughFacts()
    {
        DemoLibrary library = DemoFolder.Library;
        Assert.InRange(library.Drugs.Count, 150, 1000);
        Assert.InRange(library.Animals.Count, 30, 1000);
        Assert.InRange(library.Animals.Count(animal => animal.Group == "bears"), 10, 100);
        Assert.True(library.Mathematics.Rules.Count >= 10);
    }

    [Theory]
    [InlineData("drugs.jsonl", "\"brands\": [\"Coumadin\"", "\"brands\": [3", "line 1")]
    [InlineData("drugs.jsonl", "\"name\": \"apixaban\", ", "", "line 2")]
    [InlineData("drugs.jsonl", "\"brands\": [\"Eliquis\"]", "\"brands\": []", "'apixaban'")]
    [InlineData("extinct_animals.jsonl", "\"id\": \"cave-bear\"", "\"id\": \"den-bear\"", "'den-bear'")]
    [InlineData("animal_lists.jsonl", "\"cave-bear\", ", "\"den-bear\", ", "'den-bear'")]
    [InlineData("split.json", "\"5^5\", ", "\"5^5\", \"5^5\", ", "'5^5'")]
    [InlineData("split.json", "\"leak_rules\"", "\"rules\"", "leak_rules")]
    [InlineData("templates.json", "\"tasks\": [", "\"tasks\": {", "line ")]
    [InlineData("conversation.jsonl", "{\"id\": \"conversation-003\"", "[{\"id\": \"conversation-003\"", "line 3")]
    public void Load_WrongFile_NamesFileAndPlace(string file, string from, string to, string place)
    {
        using TemporaryDirectory folder = new();
        folder.CopyFrom(DemoFolder.Path);
        string text = File.ReadAllText(folder.File(file));
        Assert.Contains(from, text);
        int at = text.IndexOf(from, StringComparison.Ordinal);
        folder.Write(file, text[..at] + to + text[(at + from.Length)..]);

        TrainingException thrown = Assert.Throws<TrainingException>(() => DemoLibrary.Load(folder.Path));
        Assert.Contains(place, thrown.Message);
        Assert.Contains(file == "extinct_animals.jsonl" ? "split.json" : file, thrown.Message);
        Assert.DoesNotContain("\n", thrown.Message);
    }

    [Theory]
    [InlineData("drugs.jsonl")]
    [InlineData("templates.json")]
    [InlineData("split.json")]
    [InlineData("mathematics.json")]
    public void Load_MutatedFile_IsReadOrRefused(string file)
    {
        byte[] content = File.ReadAllBytes(Path.Combine(DemoFolder.Path, file));
        Random random = new(7);
        using TemporaryDirectory folder = new();
        folder.CopyFrom(DemoFolder.Path);
        for (int i = 0; i < 60; i++)
        {
            folder.Write(file, FileMutation.Mutate(content, random));
            try
            {
                _ = new EntityCatalog(DemoLibrary.Load(folder.Path));
            }
            catch (TrainingException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }
    }

    [Fact]
    public void Load_MissingFolder_IsRefused() =>
        Assert.Contains("drugs.jsonl", Assert.Throws<TrainingException>(() => DemoLibrary.Load(Path.Combine(DemoFolder.Path, "absent"))).Message);
}
