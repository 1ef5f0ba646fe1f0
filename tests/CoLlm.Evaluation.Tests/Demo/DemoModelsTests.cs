using CoLlm.Decoding.SwapHeads;
using CoLlm.Evaluation.Reports;
using CoLlm.Evaluation.Systems;
using CoLlm.Evaluation.Tasks;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests.Demo;

/// <summary>The demo's models as they lie in the repository.</summary>
public sealed class DemoModelsTests
{
    private const long MaxBytes = 24_000_000;

    private static readonly string Folder = Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo");

    private static readonly ModelDirectories Directories = new()
    {
        Model = Path.Combine(Folder, "base"),
        Experts = [("mathematics", Path.Combine(Folder, "mathematics")), ("medicine", Path.Combine(Folder, "medicine"))],
    };

    [Fact]
    public async Task Answers_SeedQuestions_AreBetterTogetherThanFromTheBaseAlone()
    {
        SwapHeadFile head = SwapHeadFile.Read(Path.Combine(Folder, "base", "swap_head.safetensors"));
        float best = head.Calibration!.Best!.Value.TargetRate;
        EvaluationOptions options = new() { Rates = [0f, best], Kinds = ["collm"], MaxNewTokens = 256, ThreadCount = 1 };
        using TemporaryDirectory output = new();
        EvaluationReport report = await ModelEvaluation.RunAsync(
            Directories, TaskFile.Read(Path.Combine(Folder, "data", "demo_questions.jsonl")), options, output.Path, null, null, CancellationToken.None);

        Assert.Equal(3, report.ItemCount);
        Assert.All(report.Systems[1].Tasks, task => Assert.Equal(1, task.Mean));
        Assert.All(report.Systems[0].Tasks, task => Assert.InRange(task.Mean, 0, 0.5));
        Assert.InRange(report.Systems[1].DeferralRate, 0.05, 0.8);
    }

    [Fact]
    public void Files_AllModels_AreSmallTogether()
    {
        long bytes = new[] { "base", "mathematics", "medicine" }.SelectMany(name => Directory.EnumerateFiles(Path.Combine(Folder, name)))
            .Where(file => !file.Contains(".collm-packed", StringComparison.Ordinal)).Sum(file => new FileInfo(file).Length);
        Assert.InRange(bytes, 1_000_000, MaxBytes);
    }
}
