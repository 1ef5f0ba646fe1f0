using System.Globalization;
using System.Text.RegularExpressions;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo.Questions;

/// <summary>Expanding facts into questions.</summary>
public sealed partial class QuestionBankTests
{
    private static readonly QuestionBank Bank = new(DemoFolder.Library, DemoFolder.Full.Catalog);

    public static TheoryData<string> NumberTasks => ["power_product", "power_quotient", "power_of_power", "power_value", "square", "cube", "product"];

    [Theory]
    [MemberData(nameof(NumberTasks))]
    public void Expand_EveryNumberQuestion_HasTheAnswerThatArithmeticGives(string taskId)
    {
        DemoQuestion[] questions = [.. All(taskId)];
        Assert.NotEmpty(questions);
        foreach (DemoQuestion question in questions)
        {
            Assert.Equal(question.Span, Worth(question.Question).ToString(CultureInfo.InvariantCulture));
            Assert.EndsWith($"= {question.Span}.", question.Answer);
        }
    }

    [Fact]
    public void Expand_AllTasks_NoQuestionHasTwoAnswers()
    {
        Dictionary<string, string> answers = [];
        foreach (DemoQuestion question in DemoFolder.Library.Wordings.Tasks.SelectMany(task => All(task.Id)))
            Assert.Equal(question.Answer, answers.GetValueOrDefault(question.Question, answers[question.Question] = question.Answer));
    }

    [Fact]
    public void Expand_AllTasks_ExtractionFindsTheSpanInTheAnswer()
    {
        foreach (DemoQuestion question in DemoFolder.Library.Wordings.Tasks.SelectMany(task => All(task.Id)))
            Assert.Equal(question.Span, Regex.Match(question.Answer, question.Form.Extract, RegexOptions.Singleline).Groups[1].Value);
    }

    [Fact]
    public void Expand_DrugWithoutMechanism_IsNotAskedForIt()
    {
        DemoEntity augmentin = DemoFolder.Full.Catalog.All.Single(entity => entity.Id == "augmentin");
        Assert.Empty(Bank.Expand(DemoFolder.Library.Wordings.Task("drug_mechanism")!, augmentin, heldOutWordings: false));
    }

    [Fact]
    public void Expand_SquareOfALargeNumber_IsAskedInFiguresAndAsASquareOnly()
    {
        DemoEntity square = DemoFolder.Full.Catalog.All.Single(entity => entity.Id == "14^2");
        string[] tasks = [.. DemoFolder.Library.Wordings.Tasks.Where(task => Bank.Expand(task, square, false).Any()).Select(task => task.Id)];
        Assert.Equal(["power_value", "square"], tasks);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Draw_Bounded_KeepsTheBoundPerEntityAndTask(int most)
    {
        DemoQuestion[] drawn = [.. Bank.Draw([DemoSplit.Train], most, new SeededRandom(3))];
        Assert.All(drawn, question => Assert.Equal(DemoSplit.Train, question.Entity.Split));
        Assert.All(drawn.GroupBy(question => (question.Task.Id, question.Entity.Kind, question.Entity.Id)), group => Assert.InRange(group.Count(), 1, most));
        Assert.Equal(drawn, Bank.Draw([DemoSplit.Train], most, new SeededRandom(3)));
    }

    private static IEnumerable<DemoQuestion> All(string taskId)
    {
        QuestionTask task = DemoFolder.Library.Wordings.Task(taskId)!;
        return DemoFolder.Full.Catalog.All.SelectMany(entity => Bank.Expand(task, entity, false).Concat(Bank.Expand(task, entity, true)));
    }

    /// <summary>What a question comes to, by multiplying out what it says: powers are written as products and divided step by step.</summary>
    private static long Worth(string question)
    {
        string formula = SaidOtherwise().Replace(question, match => match.Groups["square"].Success ? $"{match.Groups["a"]}^2"
            : match.Groups["cube"].Success ? $"{match.Groups["a"]}^3" : match.Groups["power"].Success ? "^" : "*");
        if (Assigned().Match(question) is { Success: true } given)
            formula = Regex.Replace(formula, $@"\b{given.Groups["v"].Value}(?=\^)", given.Groups["a"].Value);
        long[] n = [.. Digits().Matches(formula.Split(" if ")[0].Split(" for ")[0].Split(" when ")[0].Split(", what is ")[^1]).Select(match => long.Parse(match.Value, CultureInfo.InvariantCulture))];
        return n.Length switch
        {
            4 when formula.Contains('/', StringComparison.Ordinal) => Raised(n[0], n[1]) / Raised(n[2], n[3]),
            4 => Raised(n[0], n[1]) * Raised(n[2], n[3]),
            3 => Raised(Raised(n[0], n[1]), n[2]),
            _ => formula.Contains('^', StringComparison.Ordinal) ? Raised(n[0], n[1]) : n[0] * n[1],
        };
    }

    private static long Raised(long number, long exponent) => exponent == 0 ? 1 : checked(number * Raised(number, exponent - 1));

    [GeneratedRegex(@"(?<a>\d+) (?<square>squared)|the (?<square>square) of (?<a>\d+)|(?<a>\d+) (?<cube>cubed)|the (?<cube>cube) of (?<a>\d+)|(?<power> to the power of )|times")]
    private static partial Regex SaidOtherwise();

    [GeneratedRegex(@"\b(?<v>[a-z]) (?:=|is) (?<a>\d+)")]
    private static partial Regex Assigned();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
