using System.Text.RegularExpressions;
using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo;

/// <summary>Adding, subtracting and multiplying exponents.</summary>
public sealed class ExponentExercisesTests
{
    private static readonly DemoText[] Exercises =
        [.. new ExponentExercises(new QuestionBank(DemoFolder.Library, DemoFolder.Full.Catalog)).All(new SeededRandom(1))];

    [Fact]
    public void All_EveryPair_IsWorkedOutRight()
    {
        Assert.Contains(Exercises, exercise => exercise.Text.StartsWith("Add the exponents: 3 + 2 = 5.", StringComparison.Ordinal));
        Assert.All(Exercises, exercise =>
        {
            Match match = Regex.Match(exercise.Text, @"(\d+) (.) (\d+) = (\d+)\. With . = (\d+) this is \5\^\4 =$");
            Assert.True(match.Success, exercise.Text);
            int m = int.Parse(match.Groups[1].Value);
            int n = int.Parse(match.Groups[3].Value);
            Assert.Equal(match.Groups[2].Value switch { "+" => m + n, "-" => m - n, _ => m * n }, int.Parse(match.Groups[4].Value));
        });
    }

    [Fact]
    public void All_Numbers_StandInNoTable()
    {
        HashSet<string> powers = [.. DemoFolder.Full.Catalog.All.Where(entity => entity.Kind == "power").Select(entity => entity.Id.Split('^')[0])];
        Assert.All(Exercises, exercise => Assert.DoesNotContain(Regex.Match(exercise.Text, @" = (\d+) this").Groups[1].Value, powers));
        Assert.All(Exercises, exercise => Assert.True(exercise.IsUnfinished));
    }
}
