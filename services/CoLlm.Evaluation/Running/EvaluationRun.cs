using CoLlm.Evaluation.Metrics;
using CoLlm.Evaluation.Systems;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Evaluation.Running;

/// <summary>Lets every system answer every item that the results file lacks, several at once, and writes results in the items' order.</summary>
internal sealed class EvaluationRun(IReadOnlyList<EvaluationItem> items, IReadOnlyList<SystemPlan> plans, ResultsFile file, int concurrency)
{
    /// <exception cref="EvaluationException">A system could not answer; what was answered before is in the file.</exception>
    public async Task RunAsync(IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        foreach ((int index, SystemPlan plan) in plans.Index())
        {
            HashSet<string> done = [.. file.Results.Where(result => result.System == plan.Name).Select(result => result.Item)];
            progress?.Report(new EvaluationProgress(plan.Name, index, plans.Count, done.Count, items.Count));
            if (done.Count == items.Count)
                continue;
            ISystemUnderTest system = plan.Create(plan.RateOf is { } other ? RealisedRate(other) : 0);
            foreach (EvaluationItem[] batch in items.Where(item => !done.Contains(item.Id)).Chunk(concurrency))
            {
                file.Append(await Task.WhenAll(batch.Select(item => AnswerAsync(plan.Name, system, item, cancellationToken))));
                done.UnionWith(batch.Select(item => item.Id));
                progress?.Report(new EvaluationProgress(plan.Name, index, plans.Count, done.Count, items.Count));
            }
        }
    }

    private static async Task<ItemResult> AnswerAsync(string name, ISystemUnderTest system, EvaluationItem item, CancellationToken cancellationToken)
    {
        SystemAnswer answer = await system.AnswerAsync(item.Question, cancellationToken);
        (string span, ItemScore score) = Scorer.Score(item, answer.Text);
        return new ItemResult(
            name, item.Id, item.Task, answer.Text, span, score.Value, score.Precision, score.Recall,
            answer.TokenCount, answer.ExpertTokenCount, answer.BasePassCount, answer.ExpertPassCount, answer.Finish);
    }

    private double RealisedRate(string system)
    {
        ItemResult[] results = [.. file.Results.Where(result => result.System == system)];
        long tokens = results.Sum(result => (long)result.Tokens);
        return tokens == 0 ? 0 : (double)results.Sum(result => (long)result.ExpertTokens) / tokens;
    }
}
