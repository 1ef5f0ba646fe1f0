using CoLlm.Training.Data;
using CoLlm.Training.Running;

namespace CoLlm.Training.Scoring;

/// <summary>Scores all sequences with one model, a few at a time, and keeps what is done on disk.</summary>
internal static class ScoreStage
{
    private const int MaxRowsPerRequest = 4096;
    private const float LowestLogProb = -1e4f;

    /// <summary>Scores what the file does not hold yet.</summary>
    /// <param name="scorer">The model.</param>
    /// <param name="sequences">All sequences; the file's lines have their order.</param>
    /// <param name="file">Target, continued where it ends.</param>
    /// <param name="progress">Told the sequences done after every request.</param>
    /// <param name="cancellationToken">Stops after the request at hand; nothing done is lost.</param>
    public static async Task RunAsync(
        ITokenScorer scorer, IReadOnlyList<FormattedSequence> sequences, ScoreFile file, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        int done = file.CompleteLineCount();
        foreach (List<FormattedSequence> part in BatchPlan.Passes(sequences.Skip(done), sequence => sequence.TokenIds.Length, MaxRowsPerRequest))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ScoreRequest[] requests = [.. part.Select(sequence => new ScoreRequest(sequence.TokenIds, sequence.FirstTargetPosition))];
            IReadOnlyList<TokenScores> answers = await scorer.ScoreAsync(requests, cancellationToken);
            file.Append(part.Zip(answers, OfTargets));
            done += part.Count;
            progress?.Report(done);
        }
    }

    private static TokenScores OfTargets(FormattedSequence sequence, TokenScores scores)
    {
        int offset = sequence.FirstTargetPosition - 1;
        int[] rows = [.. sequence.TargetRows.Select(row => row - offset)];
        if (rows[^1] >= scores.Gold.Length || scores.Max.Length != scores.Gold.Length)
            throw new TrainingException($"A model answered {scores.Gold.Length} scores where {rows[^1] + 1} were asked for.");
        return new TokenScores([.. rows.Select(row => Finite(scores.Gold[row]))], [.. rows.Select(row => Finite(scores.Max[row]))]);
    }

    // JSON has no infinity, and nothing below this floor makes a difference to any loss.
    private static float Finite(float logProb) => float.IsNaN(logProb)
        ? throw new TrainingException("A model answered a score that is not a number.")
        : Math.Max(logProb, LowestLogProb);
}
