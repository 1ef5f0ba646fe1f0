using CoLlm.Evaluation.Metrics;
using CoLlm.Evaluation.Tasks;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests.Tasks;

/// <summary>Items as JSON lines, the demo's among them.</summary>
public sealed class TaskFileTests
{
    private static readonly string DemoTasks = Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", "data", "tasks");

    [Fact]
    public void Read_DemoTasks_EveryReferenceIsRight()
    {
        IReadOnlyList<EvaluationItem> items = TaskFile.Read(DemoTasks);
        Dictionary<string, string> references = Directory.EnumerateFiles(DemoTasks).SelectMany(File.ReadLines).Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement)
            .ToDictionary(item => item.GetProperty("id").GetString()!, item => item.GetProperty("reference").GetString()!);
        Assert.InRange(items.Count, 400, 1000);
        Assert.All(items, item => Assert.Equal(1, Scorer.Score(item, references[item.Id]).Score.Value));
        Assert.All(items, item => Assert.Equal(0, Scorer.Score(item, "").Score.Value));
        Assert.All(items, item => Assert.Equal(0, Scorer.Score(item, "I am not sure.").Score.Value));
    }

    [Theory]
    [InlineData("{\"id\": \"a\"}", "'metric'")]
    [InlineData("{\"id\": \"a\", \"task\": \"t\", \"question\": \"q\", \"metric\": \"luck\", \"answers\": [\"x\"]}", "'luck'")]
    [InlineData("{\"id\": \"a\", \"task\": \"t\", \"question\": \"q\", \"metric\": \"numeric\", \"answers\": []}", "'answers'")]
    [InlineData("{\"id\": \"a\", \"task\": \"t\", \"question\": \"q\", \"metric\": \"numeric\", \"answers\": [\"\"]}", "'answers'")]
    [InlineData("{\"id\": \"a\", \"task\": \"t\", \"question\": \" \", \"metric\": \"numeric\", \"answers\": [\"1\"]}", "'question'")]
    [InlineData("{\"id\": \"a\", \"task\": \"t\", \"question\": \"q\", \"metric\": \"numeric\", \"answers\": [\"1\"], \"extract\": \"(\"}", "regular expression")]
    [InlineData("{\"id\": \"a\", \"task\": \"t\", \"question\": \"q\", \"metric\": \"list_f1\", \"answers\": [[\"1\"]], \"separators\": 4}", "'separators'")]
    public void Read_MalformedLine_NamesLineAndField(string line, string place)
    {
        using TemporaryDirectory folder = new();
        EvaluationException thrown = Assert.Throws<EvaluationException>(() => TaskFile.Read(folder.Write("t.jsonl", line)));
        Assert.Contains("t.jsonl: line 1", thrown.Message);
        Assert.Contains(place, thrown.Message);
    }

    [Fact]
    public void Read_SameIdTwice_IsRefused()
    {
        using TemporaryDirectory folder = new();
        const string Line = "{\"id\": \"a\", \"task\": \"t\", \"question\": \"q\", \"metric\": \"numeric\", \"answers\": [\"1\"]}\n";
        Assert.Contains("line 2", Assert.Throws<EvaluationException>(() => TaskFile.Read(folder.Write("t.jsonl", Line + Line))).Message);
    }
}
