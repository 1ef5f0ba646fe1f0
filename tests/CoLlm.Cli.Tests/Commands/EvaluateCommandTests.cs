using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

/// <summary><c>collm evaluate</c> from the command line.</summary>
public sealed class EvaluateCommandTests
{
    private const string Items = """
        {"id": "a", "task": "t", "question": "Say hello.", "metric": "exact_match", "answers": ["hello"]}
        {"id": "b", "task": "t", "question": "Say 5.", "metric": "numeric", "answers": ["5"], "extract": "last_number"}

        """;

    [Fact]
    public async Task Evaluate_TinyModels_WritesResultsTableAndPlot()
    {
        using TemporaryDirectory model = CollmRun.CopyOfModel("co-llm-tiny");
        using TemporaryDirectory expert = CollmRun.CopyOfModel("llama-tiny");
        using TemporaryDirectory output = new();
        string tasks = output.Write("items.jsonl", Items);
        string[] arguments =
        [
            "evaluate", "--model", model.Path, "--expert", $"expert={expert.Path}", "--tasks", tasks, "--output", output.File("report"),
            "--thresholds", "0.5,-1", "--systems", "expert,collm", "--max-tokens", "8",
        ];
        CollmRun run = await CollmRun.OfAsync("", arguments);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal(3, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.All(new[] { "results.jsonl", "report.md", "report.json", "report.svg" }, name => Assert.True(File.Exists(output.File($"report/{name}"))));
        Assert.Contains("--thresholds 0.5,-1", File.ReadAllText(output.File("report/report.md")));

        CollmRun again = await CollmRun.OfAsync("", arguments);
        Assert.Equal((0, run.Output), (again.ExitCode, again.Output));
    }

    [Theory]
    [InlineData("--expert", "nothing", "NAME=DIR")]
    [InlineData("--thresholds", "0.5,half", "'half'")]
    [InlineData("--systems", "oracle", "'oracle'")]
    public async Task Evaluate_WrongOption_SaysWhich(string option, string value, string named)
    {
        using TemporaryDirectory folder = new();
        CollmRun run = await CollmRun.OfAsync(
            "", "evaluate", "--model", folder.Path, "--tasks", folder.Write("items.jsonl", Items), "--output", folder.File("report"), option, value);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("collm evaluate: ", run.Error);
        Assert.Contains(named, run.Error);
    }

    [Fact]
    public async Task Evaluate_NoItems_SaysHowToNameThem()
    {
        using TemporaryDirectory folder = new();
        CollmRun run = await CollmRun.OfAsync("", "evaluate", "--model", folder.Path, "--output", folder.File("report"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--tasks", run.Error);
    }
}
