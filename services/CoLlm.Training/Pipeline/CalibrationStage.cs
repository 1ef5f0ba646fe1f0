using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Tokenization;
using CoLlm.Training.Data;

namespace CoLlm.Training.Pipeline;

/// <summary>
/// Finds thresholds: collects deferral probabilities along text the base writes alone, takes the quantile grid, answers all
/// validation questions at every point of it, and reports quality beside the deferral rate that came of it.
/// </summary>
internal sealed class CalibrationStage(PipelineOptions options, WorkFolder work, IConversationRenderer? renderer, IProgress<string>? log)
{
    private static readonly float[] TargetRates = [0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f];

    /// <summary>Calibrates the model in the output directory and writes the report.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="usable">Ids below this are shared.</param>
    /// <param name="roc">Of the trained head on the validation texts, for the report.</param>
    /// <param name="cancellationToken">Stops after the answer at hand.</param>
    public async Task<CalibrationTable> RunAsync(Tokenizer tokenizer, int usable, RocCurve? roc, CancellationToken cancellationToken)
    {
        ValidationQuestion[] questions =
            [.. DatasetReader.Read(options.Validation!).Select(example => ValidationQuestion.Of(example, tokenizer, renderer)).OfType<ValidationQuestion>()];
        if (questions.Length == 0)
            throw new TrainingException($"{options.Validation}: it holds no question with an answer, so nothing to calibrate on.");
        log?.Report($"Calibrating on {questions.Length} questions.");
        await using LocalCollaboration models = new(options.Output, options.Experts, tokenizer, usable, options.Training.ThreadCount);
        List<float> probabilities = [];
        foreach (ValidationQuestion question in questions)
            probabilities.AddRange((await models.AnswerAsync(question.Prompt, null, options.MaxAnswerTokens, cancellationToken)).Probabilities);
        if (probabilities.Count == 0)
            throw new TrainingException($"{options.Validation}: the base answers none of its questions with a token, so nothing can be calibrated.");
        CalibrationTable table = CalibrationTable.FromProbabilities(probabilities.ToArray(), TargetRates);

        List<CalibrationRow> rows = [];
        foreach (CalibrationPoint point in table.Points)
        {
            CalibrationRow row = await MeasureAsync(models, questions, point, cancellationToken);
            log?.Report(
                $"Target rate {point.TargetRate:P0}: threshold {point.Threshold:0.0000}, realised {row.RealisedRate:P1}, right {row.Right} of {row.Questions}.");
            rows.Add(row);
        }

        // Among equals the cheapest: the first, because rates ascend.
        CalibrationRow best = rows.MaxBy(row => row.Right)!;
        WorkFolder.WriteJson(work.Calibration, new CalibrationReport(options.Metric, best.Threshold, best.RealisedRate, rows, roc));
        return table;
    }

    private async Task<CalibrationRow> MeasureAsync(
        LocalCollaboration models, ValidationQuestion[] questions, CalibrationPoint point, CancellationToken cancellationToken)
    {
        int right = 0;
        int tokens = 0;
        int expertTokens = 0;
        foreach (ValidationQuestion question in questions)
        {
            CollaborationAnswer answer = await models.AnswerAsync(question.Prompt, point.Threshold, options.MaxAnswerTokens, cancellationToken);
            right += question.IsAnsweredBy(answer.Text, options.Metric) ? 1 : 0;
            tokens += answer.TokenCount;
            expertTokens += answer.ExpertTokenCount;
        }

        return new CalibrationRow(point.TargetRate, point.Threshold, (double)expertTokens / Math.Max(1, tokens), right, questions.Length);
    }

    /// <summary>What calibration found.</summary>
    private sealed record CalibrationReport(
        CalibrationMetric Metric, float BestThreshold, double BestRealisedRate, IReadOnlyList<CalibrationRow> Grid, RocCurve? Roc);

    /// <summary>One threshold: the rate it was meant to give, the one it gave, and how many answers were right.</summary>
    private sealed record CalibrationRow(float TargetRate, float Threshold, double RealisedRate, int Right, int Questions);
}
