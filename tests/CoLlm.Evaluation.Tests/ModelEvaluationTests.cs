using CoLlm.Evaluation.Reports;
using CoLlm.Evaluation.Running;
using CoLlm.Evaluation.Systems;
using CoLlm.Evaluation.Tasks;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests;

/// <summary>Whole evaluations with tiny checkpoints.</summary>
public sealed class ModelEvaluationTests : IDisposable
{
    private static readonly EvaluationItem[] Items =
    [
        .. Enumerable.Range(0, 5).Select(i => new EvaluationItem(
            $"item/{i}", i < 3 ? "first" : "second", $"Once upon a time there were {i} bears.", MetricKind.Rouge1, [["the bear was here"]], null, [", "])),
    ];

    private static readonly EvaluationOptions Options = new() { Rates = [], Thresholds = [1f, 0.5f, -1f], MaxNewTokens = 12, Concurrency = 3, ThreadCount = 1 };

    private readonly TemporaryDirectory _model = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "co-llm-tiny"));
    private readonly TemporaryDirectory _expert = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "llama-tiny"));
    private readonly TemporaryDirectory _output = new();

    private ModelDirectories Directories =>
        new() { Model = _model.Path, Experts = [("expert", _expert.Path)], Base = _expert.Path, Finetuned = _expert.Path };

    [Fact]
    public async Task Run_AllSystems_ReportsEachWithItsCost()
    {
        EvaluationReport report = await RunAsync(Options);
        Assert.Equal(
            ["base", "finetuned", "expert:expert", "collm@threshold=1", "collm@threshold=0.5", "collm@threshold=-1",
                "random@threshold=1", "random@threshold=0.5", "random@threshold=-1", "more-confident:expert", "contrastive:expert", "proxy:expert"],
            report.Systems.Select(system => system.Name));
        SystemSummary Of(string name) => report.Systems.Single(system => system.Name == name);
        Assert.Equal((0.0, 0.0), (Of("collm@threshold=1").DeferralRate, Of("base").ExpertPassesPerAnswer));
        Assert.Equal(1, Of("collm@threshold=-1").DeferralRate);
        Assert.InRange(Of("collm@threshold=0.5").DeferralRate, 0.01, 0.99);
        Assert.Equal(1, Of("random@threshold=-1").DeferralRate);
        Assert.Equal(0, Of("random@threshold=1").DeferralRate);
        Assert.All(report.Systems, system => Assert.Equal(5, system.All.Items));
        Assert.All(report.Systems, system => Assert.Equal([3, 2], system.Tasks.Select(task => task.Items)));
        Assert.Equal((12.0, 24.0), (Of("proxy:expert").ExpertPassesPerAnswer, Of("proxy:expert").BasePassesPerAnswer));
    }

    [Fact]
    public async Task Run_EqualSystems_WriteEqualAnswers()
    {
        await RunAsync(Options);
        ILookup<string, string> answers = Results().ToLookup(result => result.System, result => result.Answer);

        // The same directory stands for base, finetuned base and expert, so whatever adds and subtracts them is that model again.
        Assert.Equal(answers["base"], answers["expert:expert"]);
        Assert.Equal(answers["base"], answers["proxy:expert"]);
        Assert.Equal(answers["base"], answers["contrastive:expert"]);
        Assert.Equal(answers["base"], answers["more-confident:expert"]);
        Assert.Equal(answers["base"], answers["collm@threshold=-1"]);
        Assert.NotEqual(answers["base"], answers["collm@threshold=1"]);
    }

    [Fact]
    public async Task Run_InterruptedAnywhere_EndsWithTheSameFiles()
    {
        await RunAsync(Options);
        Dictionary<string, byte[]> whole = Files();
        foreach (int stopAfter in new[] { 1, 6, 11 })
        {
            Directory.Delete(_output.Path, recursive: true);
            using CancellationTokenSource interrupt = new();
            int reports = 0;
            Stop progress = new(() =>
            {
                if (++reports == stopAfter)
                    interrupt.Cancel();
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Options, progress, cancellationToken: interrupt.Token));
            Assert.False(File.Exists(_output.File("report.json")));
            await RunAsync(Options with { Concurrency = 1 });
            Assert.Equal(whole, Files());
        }
    }

    [Fact]
    public async Task Run_OtherSettingsInTheSameFolder_AreRefused()
    {
        EvaluationOptions few = Options with { Kinds = ["base"] };
        await RunAsync(few);
        await Assert.ThrowsAsync<EvaluationException>(() => RunAsync(few with { MaxNewTokens = 13 }));
        await RunAsync(few with { Kinds = ["base", "expert"] });
    }

    [Fact]
    public async Task Run_RateWithoutCalibration_IsRefused() =>
        Assert.Contains("calibrated", (await Assert.ThrowsAsync<EvaluationException>(() => RunAsync(Options with { Rates = [0.5f] }))).Message);

    [Fact]
    public async Task Run_OtherTokenizer_IsRefused()
    {
        using TemporaryDirectory other = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "llama3-tiny"));
        EvaluationException thrown = await Assert.ThrowsAsync<EvaluationException>(
            () => RunAsync(Options, directories: Directories with { Experts = [("other", other.Path)] }));
        Assert.Contains(other.Path, thrown.Message);
        Assert.Contains("tokenizer", thrown.Message);
    }

    [Fact]
    public async Task Run_MissingModel_NamesIt() =>
        Assert.Contains("absent", (await Assert.ThrowsAsync<CheckpointException>(() => RunAsync(Options, directories: Directories with { Model = _output.File("absent") }))).Message);

    [Fact]
    public async Task Run_Report_IsTableAndPlot()
    {
        await RunAsync(Options with { Kinds = ["base", "collm", "random"] });
        string table = File.ReadAllText(_output.File("report.md"));
        Assert.Contains("collm evaluate --something", table);
        Assert.Contains("| base |", table);
        Assert.Contains("| first (3) | second (2) |", table);
        System.Xml.Linq.XDocument plot = System.Xml.Linq.XDocument.Parse(File.ReadAllText(_output.File("report.svg")));
        Assert.Equal(2, plot.Descendants().Count(element => element.Name.LocalName == "polyline"));
        Assert.Equal("rouge_1", MetricNames.Of(MetricKind.Rouge1));
    }

    public void Dispose()
    {
        _model.Dispose();
        _expert.Dispose();
        Directory.CreateDirectory(_output.Path);
        _output.Dispose();
    }

    private Task<EvaluationReport> RunAsync(
        EvaluationOptions options, IProgress<EvaluationProgress>? progress = null, ModelDirectories? directories = null, CancellationToken cancellationToken = default) =>
        ModelEvaluation.RunAsync(directories ?? Directories, Items, options, _output.Path, "collm evaluate --something", progress, cancellationToken);

    private IReadOnlyList<ItemResult> Results()
    {
        string path = _output.File(ModelEvaluation.ResultsFileName);
        string header = System.Text.Json.JsonDocument.Parse(File.ReadLines(path).First()).RootElement.GetProperty("fingerprint").GetString()!;
        using ResultsFile file = ResultsFile.Open(path, header);
        return [.. file.Results];
    }

    private Dictionary<string, byte[]> Files() => Directory.EnumerateFiles(_output.Path).Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private sealed class Stop(Action report) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => report();
    }
}
