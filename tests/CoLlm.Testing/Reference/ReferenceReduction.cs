using CoLlm.Inference.Sampling;

namespace CoLlm.Testing.Reference;

/// <summary>What a reduction makes of a row of logits, written from its definition: sorts, lists, double precision.</summary>
public static class ReferenceReduction
{
    /// <summary>The entries of one row.</summary>
    /// <param name="logits">The model's whole row.</param>
    /// <param name="reduction">What to make of it.</param>
    /// <param name="prefix">The tokens before the one that the row is about.</param>
    /// <param name="output">Which of the reduction's wanted positions the row is.</param>
    public static TokenLogProbability[] Entries(ReadOnlySpan<float> logits, OutputReduction reduction, ReadOnlySpan<int> prefix, int output)
    {
        float[] row = logits[..reduction.VocabularySize].ToArray();
        double largest = row.Max();
        double logSumExp = largest + Math.Log(row.Sum(logit => Math.Exp(logit - largest)));
        int[] ranked = [.. Enumerable.Range(0, row.Length).OrderByDescending(id => row[id]).ThenBy(id => id)];
        int[] chosen = reduction.Form switch
        {
            OutputForm.TopK => ranked[..reduction.Count],
            OutputForm.Score => [reduction.Targets.Span[output], ranked[0]],
            _ => [new TokenSampler(row.Length).Sample(row, reduction.Sampling!, prefix, prefix.Length).TokenId, ranked[0]],
        };
        return [.. chosen.Select(id => new TokenLogProbability(id, (float)(row[id] - logSumExp)))];
    }
}
