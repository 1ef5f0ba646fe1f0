namespace CoLlm.Training.Data;

/// <summary>A tokenised example.</summary>
/// <param name="TokenIds">At least two.</param>
/// <param name="IsTarget">Entry t: token t + 1 counts. One shorter than <paramref name="TokenIds"/>, at least one entry true.</param>
public sealed record FormattedSequence(int[] TokenIds, bool[] IsTarget)
{
    /// <summary>Positions t whose token t + 1 counts, ascending.</summary>
    public IEnumerable<int> TargetRows => Enumerable.Range(0, IsTarget.Length).Where(t => IsTarget[t]);

    /// <summary>Position of the first token that counts.</summary>
    public int FirstTargetPosition => Array.IndexOf(IsTarget, true) + 1;
}
