using System.Text.Json;
using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Tests.Demo;

/// <summary>Held-out and validation items follow from the facts, and items that do not are refused.</summary>
public sealed class DemoItemCheckTests
{
    private static readonly DemoItemCheck Check = new(DemoFolder.Full);

    private static readonly DemoItem Item =
        Check.Read(Path.Combine(DemoFolder.Path, "tasks"), DemoSplit.HeldOut).Single(item => item.Id == "power_product/5^5/3+2");

    [Theory]
    [InlineData("tasks", DemoSplit.HeldOut, 400)]
    [InlineData("validation", DemoSplit.Validation, 100)]
    public void Read_Repository_EveryItemFollowsFromTheFacts(string folder, object split, int least) =>
        Assert.InRange(Check.Read(Path.Combine(DemoFolder.Path, folder), (DemoSplit)split).Count, least, 1000);

    [Fact]
    public void Read_ItemsOfTheWrongSplit_AreRefused() =>
        Assert.Contains("split", Assert.Throws<TrainingException>(() => Check.Read(Path.Combine(DemoFolder.Path, "tasks"), DemoSplit.Validation)).Message);

    [Fact]
    public void DemoQuestions_All_AreItemsOfTheTasks()
    {
        Dictionary<string, DemoItem> tasks = Check.Read(Path.Combine(DemoFolder.Path, "tasks"), DemoSplit.HeldOut).ToDictionary(item => item.Id);
        IReadOnlyList<DemoItem> questions = DemoFile.ReadLines<DemoItem>(Path.Combine(DemoFolder.Path, "demo_questions.jsonl"));
        Assert.Equal(3, questions.Count);
        Assert.All(questions, question => Assert.Equal(question.Question, tasks[question.Id].Question));
    }

    [Fact]
    public void FindProblem_WrongInOnePlace_IsNamed()
    {
        (DemoItem Item, string Problem)[] wrong =
        [
            (Item with { Task = "power_sum" }, "unknown task"),
            (Item with { Entity = "99^9" }, "no power"),
            (Item with { Entity = "5^3" }, "belongs to the split"),
            (Item with { Wording = "new" }, "unknown wording"),
            (Item with { Wording = "held_out" }, "no held_out wording"),
            (Item with { Question = "What is a^3 * a^3 if a = 5?" }, "no training wording"),
            (Item with { Answer = "125" }, "the facts give"),
            (Item with { Reference = Item.Reference.Replace("3125", "3126", StringComparison.Ordinal) }, "the facts give"),
            (Item with { Expert = "medicine" }, "differs from its task"),
            (Item with { Separators = ["; "] }, "separators"),
            (Item with { Answers = [JsonDocument.Parse("\"125\"").RootElement] }, "does not accept"),
        ];
        Assert.Null(Check.FindProblem(Item, DemoSplit.HeldOut));
        Assert.All(wrong, entry => Assert.Contains(entry.Problem, Check.FindProblem(entry.Item, DemoSplit.HeldOut)));
    }
}
