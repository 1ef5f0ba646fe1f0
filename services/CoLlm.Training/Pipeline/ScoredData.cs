using CoLlm.Training.Data;
using CoLlm.Training.Model;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Pipeline;

/// <summary>What base and experts think of every token that counts, per sequence.</summary>
internal sealed record ScoredData(IReadOnlyList<TokenScores> Base, IReadOnlyList<IReadOnlyList<TokenScores>> Experts)
{
    /// <summary>Joins the sequences with the experts' log-probabilities.</summary>
    public IReadOnlyList<TrainingSequence> ToTraining(IReadOnlyList<FormattedSequence> sequences) =>
        [.. sequences.Select((sequence, i) =>
            new TrainingSequence(sequence.TokenIds, sequence.IsTarget, [.. Experts.Select(expert => Spread(sequence, expert[i].Gold))]))];

    private static float[] Spread(FormattedSequence sequence, float[] ofTargets)
    {
        float[] all = new float[sequence.IsTarget.Length];
        foreach ((int row, float logProb) in sequence.TargetRows.Zip(ofTargets))
            all[row] = logProb;
        return all;
    }
}
