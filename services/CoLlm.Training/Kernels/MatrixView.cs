namespace CoLlm.Training.Kernels;

/// <summary>A matrix somewhere in memory: element (row, column) is at <c>Data[row * RowStride + column * ColumnStride]</c>.</summary>
internal readonly unsafe struct MatrixView(float* data, int rows, int columns, long rowStride, long columnStride)
{
    public readonly float* Data = data;
    public readonly int Rows = rows;
    public readonly int Columns = columns;
    public readonly long RowStride = rowStride;
    public readonly long ColumnStride = columnStride;

    /// <summary>The same memory read the other way round.</summary>
    public MatrixView Transposed => new(Data, Columns, Rows, ColumnStride, RowStride);

    /// <summary>Rows of <paramref name="columns"/> floats, one after the other.</summary>
    public static MatrixView RowMajor(float* data, int rows, int columns) => new(data, rows, columns, columns, 1);

    /// <summary>Rows that lie <paramref name="rowStride"/> floats apart.</summary>
    public static MatrixView RowMajor(float* data, int rows, int columns, long rowStride) => new(data, rows, columns, rowStride, 1);
}
