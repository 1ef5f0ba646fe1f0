namespace CoLlm.Training.Kernels;

/// <summary>
/// The threads of a training run with what they share: the matrix product and each worker's scratch. One caller at a time.
/// </summary>
internal sealed class ComputeContext : IDisposable
{
    private const int RowsPerItem = 32;

    // A cache line's worth of columns, so that neighbouring strips never write to the same line.
    private const int ColumnsPerStrip = 16;

    public ComputeContext(int threadCount)
    {
        Pool = new ForkJoinPool(threadCount);
        Gemm = new Gemm(Pool);
        AttentionMemories = [.. Enumerable.Range(0, threadCount).Select(_ => new AttentionMemory())];
    }

    public ForkJoinPool Pool { get; }

    public Gemm Gemm { get; }

    /// <summary>One per worker.</summary>
    public IReadOnlyList<AttentionMemory> AttentionMemories { get; }

    /// <summary>Calls <paramref name="body"/> for every row, several rows at a time on any worker.</summary>
    public void ForRows(int rowCount, Action<int> body) =>
        Pool.Run((rowCount + RowsPerItem - 1) / RowsPerItem, (_, item) =>
        {
            int end = Math.Min(rowCount, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
                body(row);
        });

    /// <summary>
    /// Calls <paramref name="body"/> with (first column, column count) for strips that cover all columns: the way to sum over
    /// rows in one fixed order whatever the thread count.
    /// </summary>
    public void ForColumnStrips(int columnCount, Action<int, int> body) =>
        Pool.Run((columnCount + ColumnsPerStrip - 1) / ColumnsPerStrip, (_, item) =>
            body(item * ColumnsPerStrip, Math.Min(ColumnsPerStrip, columnCount - (item * ColumnsPerStrip))));

    public void Dispose() => Pool.Dispose();
}
