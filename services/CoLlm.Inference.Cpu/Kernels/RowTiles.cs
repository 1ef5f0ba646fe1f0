namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>Cuts a number of rows into the fewest tiles of at most a given size, as even as possible.</summary>
internal readonly record struct RowTiles(int Rows, int Count)
{
    public static RowTiles For(int rows, int maxRows) => new(rows, (rows + maxRows - 1) / maxRows);

    /// <summary>First row of a tile; of the tile after the last, the number of rows.</summary>
    public int Start(int tile) => (int)((long)Rows * tile / Count);
}
