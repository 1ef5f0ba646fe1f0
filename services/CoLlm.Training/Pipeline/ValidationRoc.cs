using CoLlm.Training.Data;
using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;
using CoLlm.Training.Running;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Pipeline;

/// <summary>How well the trained head's probability tells, on validation texts, where an expert should write.</summary>
internal static class ValidationRoc
{
    /// <summary>Positives are the tokens that any expert's pseudo-label claims, judged with the trained base.</summary>
    public static RocCurve? Of(
        PipelineOptions options, ComputeContext compute, TrainableModel model, Parameter theta, IReadOnlyList<FormattedSequence> sequences,
        IReadOnlyList<IReadOnlyList<TokenScores>> experts, int usable)
    {
        TrainingPass pass = new(compute, model, theta, usable);
        List<float> scores = [];
        List<bool> labels = [];
        int at = 0;
        foreach (List<FormattedSequence> part in BatchPlan.Passes(sequences, sequence => sequence.TokenIds.Length, options.Training.MaxRowsPerPass))
        {
            ScoredData noScores = new([], [.. experts.Select(expert => expert.Skip(at).Take(part.Count).ToArray())]);
            TokenLosses losses = pass.Evaluate(new PackedBatch(noScores.ToTraining(part), experts.Count));
            scores.AddRange(losses.DeferralProbability.Select(probability => (float)probability));
            int row = 0;
            for (int i = 0; i < part.Count; i++)
            {
                int count = part[i].TargetRows.Count();
                TokenScores ofBase = new(Floats(losses.BaseLogProb, row, count), Floats(losses.MaxLogProb, row, count));
                bool[] ofSequence = PseudoLabels.Of(options.Labels, ofBase, [.. experts.Select(expert => expert[at + i])]);
                labels.AddRange(ofSequence.Chunk(experts.Count).Select(token => token.Contains(true)));
                row += count;
            }

            at += part.Count;
        }

        return RocCurve.Of(scores.ToArray(), labels.ToArray());
    }

    private static float[] Floats(double[] values, int first, int count) => [.. values.Skip(first).Take(count).Select(value => (float)value)];
}
