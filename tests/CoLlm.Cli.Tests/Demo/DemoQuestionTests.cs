using CoLlm.Cli.Demo;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Demo;

/// <summary>What the demo asks, and what it holds to be right.</summary>
public sealed class DemoQuestionTests
{
    private static readonly string Own = Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", "data", "demo_questions.jsonl");

    [Fact]
    public void Choose_NoneGiven_TakesTheDemosOwn() =>
        Assert.Equal(
            ["What is a^3 * a^2 if a = 5?", "Which bears are extinct and when did they live?", "What are the active ingredients of Augmentin?"],
            DemoQuestion.Choose([], Own).Select(question => question.Text));

    [Fact]
    public void Choose_GivenOnes_AreJudgedWhereTheAnswerIsKnown()
    {
        IReadOnlyList<DemoQuestion> questions = DemoQuestion.Choose(["How are you?", "What is a^3 * a^2 if a = 5?"], Own);
        Assert.Null(questions[0].Judge("Fine."));
        Assert.Equal(DemoQuestion.Right, questions[1].Judge("Add the exponents: 3 + 2 = 5. With a = 5 this is 5^5 = 3125."));
    }

    [Theory]
    [InlineData(0, "With a = 5 this is 5^5 = 125.", "wrong")]
    [InlineData(0, "", "wrong")]
    [InlineData(2, "The medicine Augmentin contains amoxicillin and clavulanic acid.", "right")]
    [InlineData(2, "The medicine Augmentin contains amoxicillin and aspirin. Ask a doctor.", "partly right (F1 0.50)")]
    [InlineData(2, "The medicine Augmentin contains aspirin. Ask a doctor.", "wrong")]
    public void Judge_KnownAnswer_IsTheEvaluationsVerdict(int question, string answer, string verdict) =>
        Assert.Equal(verdict, DemoQuestion.Choose([], Own)[question].Judge(answer));

    [Fact]
    public void Choose_NothingToAsk_SaysHowToAsk()
    {
        using TemporaryDirectory folder = new();
        DemoException missing = Assert.Throws<DemoException>(() => DemoQuestion.Choose([], folder.File("absent.jsonl")));
        Assert.EndsWith("does not exist; ask something with --question.", missing.Message, StringComparison.Ordinal);
    }
}
