using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CoLlm.Evaluation.Reports;
using CoLlm.Evaluation.Running;
using CoLlm.Evaluation.Systems;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Evaluation;

/// <summary>
/// Runs an evaluation: opens the models, lets every system that they allow answer every item, and writes results and report into a
/// folder. Interrupted, it goes on where it was when run again with the same models, items and settings.
/// </summary>
public static class ModelEvaluation
{
    public const string ResultsFileName = "results.jsonl";

    /// <summary>Runs to the end and returns the report, which is also in the folder.</summary>
    /// <param name="directories">The models.</param>
    /// <param name="items">Questions with what counts as right; at least one.</param>
    /// <param name="options">Settings.</param>
    /// <param name="output">Folder for results and report; created.</param>
    /// <param name="command">How a reader can repeat it; null: not said.</param>
    /// <param name="progress">Told after every few items.</param>
    /// <param name="cancellationToken">Stops; what is answered stays in the results file.</param>
    /// <exception cref="EvaluationException">Settings, models and results do not go together, or a system could not answer.</exception>
    /// <exception cref="Inference.Checkpoints.CheckpointException">A model directory is unusable, or the swap head belongs to other models.</exception>
    public static async Task<EvaluationReport> RunAsync(
        ModelDirectories directories,
        IReadOnlyList<EvaluationItem> items,
        EvaluationOptions options,
        string output,
        string? command,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken)
    {
        options.Validate();
        CheckItems(items);
        await using ModelSet models = await ModelSet.OpenAsync(directories, options.ThreadCount, options.Concurrency);
        IReadOnlyList<SystemPlan> plans = new SystemCatalog(models, options).All();
        if (plans.Count == 0)
            throw new EvaluationException("The models given allow none of the systems asked for.");
        string fingerprint = FingerprintOf(models, items, options);
        CreateFolder(output);
        using ResultsFile results = ResultsFile.Open(Path.Combine(output, ResultsFileName), fingerprint);
        await new EvaluationRun(items, plans, results, options.Concurrency).RunAsync(progress, cancellationToken);

        ILookup<string, ItemResult> bySystem = results.Results.ToLookup(result => result.System);
        EvaluationReport report = new(
            command, fingerprint, items.Count, [.. plans.Select(plan => SystemSummary.Of(plan.Name, plan.Kind, plan.Description, [.. bySystem[plan.Name]]))]);
        report.Write(output);
        return report;
    }

    private static void CheckItems(IReadOnlyList<EvaluationItem> items)
    {
        if (items.Count == 0)
            throw new EvaluationException("There is no item to answer.");
        HashSet<string> ids = new(StringComparer.Ordinal);
        if (items.FirstOrDefault(item => !ids.Add(item.Id)) is { } repeated)
            throw new EvaluationException($"Two items have the id '{repeated.Id}'.");
    }

    /// <summary>Of everything an answer or its score depends on; which systems run and how many at once change neither.</summary>
    private static string FingerprintOf(ModelSet models, IReadOnlyList<EvaluationItem> items, EvaluationOptions options)
    {
        string content = JsonSerializer.Serialize(new { models.Fingerprint, items, options.MaxNewTokens, options.RandomSeed });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..32];
    }

    private static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{path}: the folder cannot be made, {exception.Message.TrimEnd('.')}.", exception);
        }
    }
}
