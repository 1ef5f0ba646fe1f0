namespace CoLlm.Training.Kernels;

/// <summary>Sizes that attention over one sequence needs.</summary>
/// <param name="HeadCount">Query heads.</param>
/// <param name="KeyValueHeadCount">Key and value heads; each serves <c>HeadCount / KeyValueHeadCount</c> query heads.</param>
/// <param name="HeadDim">Width of a head.</param>
/// <param name="Window">Position i attends to j with <c>i - Window &lt; j &lt;= i</c>.</param>
internal readonly record struct AttentionShape(int HeadCount, int KeyValueHeadCount, int HeadDim, int Window)
{
    public int GroupSize => HeadCount / KeyValueHeadCount;

    public int QueryWidth => HeadCount * HeadDim;

    public int KeyValueWidth => KeyValueHeadCount * HeadDim;

    public float Scale => 1 / MathF.Sqrt(HeadDim);

    /// <summary>First position that <paramref name="row"/> may see.</summary>
    public int FirstVisible(int row) => Math.Max(0, row - Window + 1);
}
