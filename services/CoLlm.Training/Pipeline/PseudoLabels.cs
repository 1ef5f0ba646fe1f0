using CoLlm.Training.Scoring;

namespace CoLlm.Training.Pipeline;

/// <summary>Where an expert should have written, guessed from who was right: the swap head's first lesson.</summary>
internal static class PseudoLabels
{
    /// <summary>Labels every token that counts, <c>[tokens, experts]</c>.</summary>
    public static bool[] Of(LabelVariant variant, TokenScores baseScores, IReadOnlyList<TokenScores> expertScores)
    {
        int count = baseScores.Gold.Length;
        bool[] labels = new bool[count * expertScores.Count];
        for (int t = 0; t < count; t++)
        {
            for (int expert = 0; expert < expertScores.Count; expert++)
            {
                bool expertCounts = variant == LabelVariant.BaseWrong || IsRight(expertScores[expert], t);
                labels[(t * expertScores.Count) + expert] = !IsRight(baseScores, t) && expertCounts;
            }
        }

        return labels;
    }

    /// <summary>The standing token is the model's own choice.</summary>
    public static bool IsRight(TokenScores scores, int t) => scores.Gold[t] >= scores.Max[t];
}
