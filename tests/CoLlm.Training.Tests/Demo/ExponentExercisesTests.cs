using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo;

/// <summary>Adding and subtracting exponents.</summary>
public sealed class ExponentExercisesTests
{
    private static readonly DemoText[] Exercises =
        [.. new ExponentExercises(new QuestionBank(DemoFolder.Library, DemoFolder.Full.Catalog)).All(new SeededRandom(1))];

    [Fact]
    public void All_EveryPair_IsWorkedOutRight()
    {
        Assert.Contains(Exercises, exercise => exercise.Text == "Add the exponents: 3 + 2 = 5.");
        Assert.Contains(Exercises, exercise => exercise.Text == "Subtract the exponents: 8 - 3 = 5.");
        Assert.All(Exercises, exercise =>
        {
            string[] parts = exercise.Text.TrimEnd('.').Split(' ');
            Assert.Equal(int.Parse(parts[^1]), int.Parse(parts[^5]) + (parts[^4] == "+" ? 1 : -1) * int.Parse(parts[^3]));
            Assert.InRange(int.Parse(parts[^1]), 0, 22);
        });
    }

    [Fact]
    public void All_Questions_NameNoNumberThatIsRaised() => Assert.All(Exercises, exercise => Assert.Matches(@"^What is [a-z]\^", exercise.Question));
}
