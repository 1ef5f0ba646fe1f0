using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Tokenization;
using CoLlm.Training.Data;

namespace CoLlm.Training.Pipeline;

/// <summary>
/// Finds thresholds: collects deferral probabilities along text the base writes alone, takes the quantile grid, answers all
/// validation questions at every point of it, reports quality beside the deferral rate that came of it, and marks the best point.
/// </summary>
/// <param name="options">Settings.</param>
/// <param name="work">Receives the report.</param>
/// <param name="renderer">The model's chat template; null where it has none.</param>
/// <param name="open">Puts the trained model and its experts together.</param>
/// <param name="log">Told every point of the grid.</param>
internal sealed class CalibrationStage(
    PipelineOptions options, WorkFolder work, IConversationRenderer? renderer, Func<CancellationToken, Task<ICollaboration>> open, IProgress<string>? log)
{
    /// <summary>Answers that are written at once: the models read their weights once for all of them.</summary>
    private const int AnswersAtOnce = 8;

    /// <summary>Finer where collaboration is at its best.</summary>
    private static readonly float[] TargetRates = [0, 0.1f, 0.2f, 0.25f, 0.3f, 0.325f, 0.35f, 0.375f, 0.4f, 0.45f, 0.5f, 0.525f, 0.55f, 0.575f, 0.6f, 0.7f, 0.8f, 0.9f];

    /// <summary>Calibrates the model in the output directory and writes the report.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="roc">Of the trained head on the validation texts, for the report.</param>
    /// <param name="cancellationToken">Stops after the answers at hand.</param>
    public async Task<CalibrationTable> RunAsync(Tokenizer tokenizer, RocCurve? roc, CancellationToken cancellationToken)
    {
        ValidationQuestion[] questions =
            [.. DatasetReader.Read(options.Validation!).Select(example => ValidationQuestion.Of(example, tokenizer, renderer)).OfType<ValidationQuestion>()];
        if (questions.Length == 0)
            throw new TrainingException($"{options.Validation}: it holds no question with an answer, so nothing to calibrate on.");
        questions = Sample(questions, options.MaxCalibrationQuestions);
        log?.Report($"Calibrating on {questions.Length} questions.");
        await using ICollaboration models = await open(cancellationToken);
        CollaborationAnswer[] ofBase = await AnswerAsync(models, questions, null, cancellationToken);
        float[] probabilities = [.. ofBase.SelectMany(answer => answer.Probabilities)];
        if (probabilities.Length == 0)
            throw new TrainingException($"{options.Validation}: the base answers none of its questions with a token, so nothing can be calibrated.");
        CalibrationTable table = CalibrationTable.FromProbabilities(probabilities, TargetRates);

        List<CalibrationRow> rows = [];
        foreach (CalibrationPoint point in table.Points)
        {
            CalibrationRow row = rows.Find(earlier => earlier.Threshold == point.Threshold) is { } same
                ? same with { TargetRate = point.TargetRate }
                : Measure(point, questions, point.Threshold >= 1 ? ofBase : await AnswerAsync(models, questions, point.Threshold, cancellationToken));
            log?.Report(
                $"Target rate {point.TargetRate:P0}: threshold {point.Threshold:0.0000}, realised {row.RealisedRate:P1}, right {row.Right} of {row.Questions}.");
            rows.Add(row);
        }

        // Among equals the cheapest: the first, because rates ascend.
        CalibrationRow best = rows.MaxBy(row => row.Right)!;
        WorkFolder.WriteJson(work.Calibration, new CalibrationReport(options.Metric, best.TargetRate, best.Threshold, best.RealisedRate, rows, roc));
        return table.WithBest(best.TargetRate);
    }

    /// <summary>So many of the questions at most, evenly spaced, so that every kind in a sorted file stays among them.</summary>
    internal static T[] Sample<T>(T[] questions, int most) => questions.Length <= most
        ? questions
        : [.. Enumerable.Range(0, most).Select(i => questions[(long)i * questions.Length / most])];

    private async Task<CollaborationAnswer[]> AnswerAsync(
        ICollaboration models, ValidationQuestion[] questions, float? threshold, CancellationToken cancellationToken)
    {
        List<CollaborationAnswer> answers = [];
        foreach (ValidationQuestion[] part in questions.Chunk(AnswersAtOnce))
        {
            answers.AddRange(await Task.WhenAll(
                part.Select(question => models.AnswerAsync(question.Prompt, threshold, options.MaxAnswerTokens, cancellationToken))));
        }

        return [.. answers];
    }

    private CalibrationRow Measure(CalibrationPoint point, ValidationQuestion[] questions, CollaborationAnswer[] answers)
    {
        int right = questions.Zip(answers).Count(pair => pair.First.IsAnsweredBy(pair.Second.Text, options.Metric));
        int expertTokens = answers.Sum(answer => answer.ExpertTokenCount);
        return new CalibrationRow(point.TargetRate, point.Threshold, (double)expertTokens / Math.Max(1, answers.Sum(answer => answer.TokenCount)), right, questions.Length);
    }

    /// <summary>What calibration found.</summary>
    private sealed record CalibrationReport(
        CalibrationMetric Metric, float BestTargetRate, float BestThreshold, double BestRealisedRate, IReadOnlyList<CalibrationRow> Grid, RocCurve? Roc);

    /// <summary>One threshold: the rate it was meant to give, the one it gave, and how many answers were right.</summary>
    private sealed record CalibrationRow(float TargetRate, float Threshold, double RealisedRate, int Right, int Questions);
}
