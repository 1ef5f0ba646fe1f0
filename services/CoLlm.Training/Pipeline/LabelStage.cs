using System.Text.Json;
using CoLlm.Training.Output;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Pipeline;

/// <summary>Turns scores into pseudo-labels and says how the models compare.</summary>
internal static class LabelStage
{
    /// <summary>Labels every sequence, <c>[tokens that count, experts]</c>, and writes labels and summary.</summary>
    public static IReadOnlyList<bool[]> Run(
        WorkFolder work, PipelineOptions options, IReadOnlyList<TokenScores> baseScores, IReadOnlyList<IReadOnlyList<TokenScores>> expertScores)
    {
        bool[][] labels = [.. baseScores.Select((scores, i) => PseudoLabels.Of(options.Labels, scores, [.. expertScores.Select(expert => expert[i])]))];
        AtomicFile.Write(work.Labels, file =>
        {
            foreach (bool[] sequence in labels)
                file.WriteLine(JsonSerializer.Serialize(sequence.Select(label => label ? 1 : 0)));
        });
        WorkFolder.WriteJson(work.LabelSummary, new LabelSummary(
            baseScores.Sum(scores => scores.Gold.Length), Right(baseScores), -MeanGold(baseScores),
            [.. options.Experts.Select((expert, e) => new ExpertLabels(
                expert.Name, Right(expertScores[e]), -MeanGold(expertScores[e]), Labelled(labels, e, options.Experts.Count)))]));
        return labels;
    }

    private static int Right(IReadOnlyList<TokenScores> scores) =>
        scores.Sum(sequence => Enumerable.Range(0, sequence.Gold.Length).Count(t => PseudoLabels.IsRight(sequence, t)));

    private static int Labelled(bool[][] labels, int expert, int expertCount) =>
        labels.Sum(sequence => sequence.Where((label, i) => label && i % expertCount == expert).Count());

    private static double MeanGold(IReadOnlyList<TokenScores> scores) =>
        scores.Sum(sequence => sequence.Gold.Sum(gold => (double)gold)) / Math.Max(1, scores.Sum(sequence => sequence.Gold.Length));

    /// <summary>What the base got right over all positions that count, and its mean cross entropy.</summary>
    private sealed record LabelSummary(int Positions, int BaseRight, double BaseCrossEntropy, IReadOnlyList<ExpertLabels> Experts);

    /// <summary>The same for an expert, with the positions labelled as its own.</summary>
    private sealed record ExpertLabels(string Name, int Right, double CrossEntropy, int Labelled);
}
