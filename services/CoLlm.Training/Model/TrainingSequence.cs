namespace CoLlm.Training.Model;

/// <summary>One training example as token ids, with the positions that count and what each expert thought of them.</summary>
/// <param name="TokenIds">At least two.</param>
/// <param name="IsTarget">Entry t: token t + 1 counts towards the loss. One shorter than <paramref name="TokenIds"/>.</param>
/// <param name="ExpertLogProbs">Per expert, entry t: its log-probability of token t + 1; values where it does not count are ignored.</param>
internal sealed record TrainingSequence(int[] TokenIds, bool[] IsTarget, float[][] ExpertLogProbs)
{
    /// <summary>Rows it takes in a batch: those that predict a token. Rows after the last target teach nothing and are left out.</summary>
    public int RowCount { get; } = Array.LastIndexOf(IsTarget, true) + 1;

    public int TargetCount { get; } = IsTarget.Count(isTarget => isTarget);

    /// <summary>A sequence of which every token counts, for plain language modelling.</summary>
    public static TrainingSequence Whole(int[] tokenIds) => new(tokenIds, [.. Enumerable.Repeat(true, tokenIds.Length - 1)], []);
}
