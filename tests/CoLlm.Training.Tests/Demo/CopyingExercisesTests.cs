using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Tests.Demo;

/// <summary>Exercises that teach to copy and tell no fact.</summary>
public sealed class CopyingExercisesTests
{
    private static readonly DemoText[] Exercises =
        [.. DemoFolder.Full.Tokenizer().Where(text => text.Source.StartsWith("copying/", StringComparison.Ordinal) || text.Source.StartsWith("frame/", StringComparison.Ordinal))];

    [Fact]
    public void Frames_AllTasks_AreUnfinishedAndRepeatWhatTheQuestionNames()
    {
        DemoText[] frames = [.. Exercises.Where(text => text.Source.StartsWith("frame/", StringComparison.Ordinal))];
        Assert.Equal(DemoFolder.Library.Wordings.Copying.Frames.Tasks.Count * new DemoCorpusOptions().FramesPerTask, frames.Length);
        Assert.All(frames, frame => Assert.True(frame.IsUnfinished));
        Assert.All(frames, frame => Assert.DoesNotMatch(@"[ .]$", frame.Text));
        Assert.All(Exercises.Except(frames), exercise => Assert.False(exercise.IsUnfinished));
    }

    [Fact]
    public void Frames_OfNumbers_EndBeforeTheValue() =>
        Assert.All(Exercises.Where(text => text.Source is "frame/product" or "frame/power_value" or "frame/power_product"), frame => Assert.EndsWith(" =", frame.Text));

    [Fact]
    public void Frames_OfNames_HoldNoRealName()
    {
        string[] real = [.. DemoFolder.Library.Drugs.SelectMany(drug => drug.Names).Concat(DemoFolder.Library.Animals.SelectMany(animal => animal.Names))];
        HashSet<string> words = new(real.SelectMany(name => name.Split(' ', '-')), StringComparer.OrdinalIgnoreCase);
        foreach (DemoText frame in Exercises.Where(text => text.Source == "frame/drug_ingredients"))
        {
            string name = frame.Text.Split(' ') is [.., "contains"] parts ? parts[^2] : frame.Text.Split(' ')[^1].TrimEnd(':');
            Assert.DoesNotContain(name, words);
            Assert.Contains(name, frame.Question);
        }
    }

    [Fact]
    public void Exchanges_WithNumbers_AvoidSecretValues()
    {
        string[] numbers = [.. Exercises.Where(text => text.Source == "copying/my_number").Select(text => text.Text["Your number is ".Length..^1])];
        Assert.Equal(new DemoCorpusOptions().ExercisesPerFamily, numbers.Length);
        string[] secrets =
        [
            .. DemoFolder.Full.Catalog.All.Where(entity => entity.IsSecret && entity.Kind is ("power" or "product"))
                .Select(entity => entity.Bindings(entity.Kind).First()["value"]),
        ];
        Assert.Contains("196", secrets);
        Assert.Contains("77", secrets);
        Assert.Empty(numbers.Intersect(secrets));
    }

    [Fact]
    public void Echoes_Answers_RepeatTheQuestionsWords()
    {
        DemoText[] echoes = [.. DemoFolder.Full.BaseLanguageModel().Where(text => text.Source == "echo")];
        Assert.Equal(new DemoCorpusOptions().Echoes, echoes.Length);
        Assert.All(echoes, echo => Assert.EndsWith(echo.Text, echo.Question));
    }

    [Fact]
    public void Echoes_JointTraining_HoldsSomeOfThem()
    {
        HashSet<string> all = [.. DemoFolder.Full.BaseLanguageModel().Where(text => text.Source == "echo").Select(text => text.Text)];
        string[] again = [.. DemoFolder.Full.JointTraining().Where(text => text.Source == "echo").Select(text => text.Text)];
        Assert.InRange(again.Length, 1, all.Count / 2);
        Assert.All(again, text => Assert.Contains(text, all));
    }

    [Fact]
    public void Word_OpenWords_DrawsThemAndWordsMadeOfTheirParts()
    {
        MadeUpWords words = new(DemoFolder.Library, [], new SeededRandom(1), ["table", "window"]);
        string[] drawn = [.. Enumerable.Range(0, 300).Select(_ => words.Word())];
        Assert.InRange(drawn.Count(word => word is "table" or "window"), 60, 180);
        Assert.Contains(drawn, word => word.Contains("ndow", StringComparison.OrdinalIgnoreCase) && word != "window");
    }

    [Fact]
    public void Word_ManyDraws_AreCapitalisedEverySecondTime()
    {
        MadeUpWords words = new(DemoFolder.Library, [], new SeededRandom(1));
        string[] drawn = [.. Enumerable.Range(0, 200).Select(_ => words.Word())];
        Assert.All(drawn.Index(), entry => Assert.Equal(entry.Index % 2 == 0, char.IsUpper(entry.Item[0])));
        Assert.True(drawn.Distinct().Count() > 190);
    }

    [Fact]
    public void Number_OnlySecretsInRange_IsRefused()
    {
        DemoLibrary library = DemoFolder.Library;
        library = library with { Wordings = library.Wordings with { Copying = library.Wordings.Copying with { Numbers = new NumberRange(32, 32) } } };
        Assert.Throws<TrainingException>(() => new MadeUpWords(library, [32], new SeededRandom(1)).Number());
    }
}
