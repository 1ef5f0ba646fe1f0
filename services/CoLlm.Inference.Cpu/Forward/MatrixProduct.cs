using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>What happens to a product's columns while they are still in the cache.</summary>
internal enum ProductEnd
{
    None,

    /// <summary>A bias is added.</summary>
    AddBias,

    /// <summary>The product is added to the residual stream.</summary>
    AddToResidual,

    /// <summary>Gate and up panels become <c>silu(gate) * up</c>.</summary>
    Gate,
}

/// <summary>Activation rows times a packed matrix, on all threads; weights are read once for all rows.</summary>
internal sealed unsafe class MatrixProduct(KernelTable kernels, WorkerPool pool) : IPoolLoop
{
    /// <summary>Weights that all tiles have read before the next ones: they, and as many ahead, fit the second cache.</summary>
    private const int BlockBytes = 256 << 10;

    private const int MaxPanelsPerItem = 4;
    private const int ColumnsPerPanel = FloatTile.Columns;

    private PackedMatrix _matrix;
    private RowTiles _tiles;
    private byte* _input;
    private long _inputRowBytes;
    private float* _output;
    private long _outputStride;
    private ProductEnd _end;
    private float* _operand;
    private long _operandStride;
    private int _panelsPerItem;

    /// <summary>Computes <c>output[r, n] = dot(input[r], matrix[n])</c> and then the end.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="input">The packed rows.</param>
    /// <param name="output">Row-major, all <see cref="PackedMatrix.Columns"/> columns of every row are written.</param>
    /// <param name="outputStride">Floats from one row to the next.</param>
    /// <param name="end">What follows.</param>
    /// <param name="operand">The bias, the residual rows, or the rows that receive the gated values.</param>
    /// <param name="operandStride">Floats from one row of the operand to the next; the bias has one row.</param>
    public void Run(
        in PackedMatrix matrix, MatrixInput input, float* output, long outputStride, ProductEnd end, float* operand, long operandStride)
    {
        _matrix = matrix;
        _tiles = input.Tiles;
        _input = input.Data;
        _inputRowBytes = input.RowBytes;
        _output = output;
        _outputStride = outputStride;
        _end = end;
        _operand = operand;
        _operandStride = operandStride;
        int together = end == ProductEnd.Gate ? 2 : 1;
        _panelsPerItem = together;
        if (_tiles.Count > 1)
        {
            int fair = matrix.Panels / (pool.ThreadCount * 4);
            _panelsPerItem = Math.Clamp(fair, together, MaxPanelsPerItem) / together * together;
        }
        pool.For((matrix.Panels + _panelsPerItem - 1) / _panelsPerItem, this);
    }

    public void Run(int item, int thread)
    {
        int first = item * _panelsPerItem;
        int end = Math.Min(_matrix.Panels, first + _panelsPerItem);
        int units = _matrix.Units;
        int blockUnits = _tiles.Count == 1 ? units : BlockBytes / _matrix.Kind.UnitBytes();
        for (int panel = first; panel < end; panel++)
        {
            for (int unit = 0; unit < units; unit += blockUnits)
            {
                int count = Math.Min(blockUnits, units - unit);
                byte* weights = Panel(panel) + _matrix.Kind.PanelHeaderBytes() + ((long)unit * _matrix.Kind.UnitBytes());
                MultiplyBlock(weights, unit, count, _output + (panel * ColumnsPerPanel));
            }
        }
        if (_matrix.Kind.PanelHeaderBytes() > 0)
            ScaleColumns(first, end);
        Finish(first, end);
    }

    private byte* Panel(int panel) => (byte*)_matrix.Data + (panel * _matrix.PanelBytes);

    private void MultiplyBlock(byte* weights, int unit, int count, float* output)
    {
        if (_tiles.Count > 1 && _matrix.Kind.IsInteger() && kernels.Integer(_matrix.Kind).SharedBlock != null)
        {
            kernels.Integer(_matrix.Kind).SharedBlock(weights, unit, count, _input, _inputRowBytes, _tiles, output, _outputStride);
            return;
        }
        for (int tile = 0; tile < _tiles.Count; tile++)
            MultiplyTile(weights, tile, unit, count, output);
    }

    private void MultiplyTile(byte* weights, int tile, int unit, int count, float* output)
    {
        int start = _tiles.Start(tile);
        int rows = _tiles.Start(tile + 1) - start;
        byte* input = _input + (start * _inputRowBytes);
        output += start * _outputStride;
        bool accumulate = unit > 0;
        if (_matrix.Kind.IsInteger())
        {
            IntegerKernels integers = kernels.Integer(_matrix.Kind);
            int* values = (int*)input + ((long)unit * integers.GroupInts(rows));
            integers.Tiles[rows](weights, values, count, output, _outputStride, accumulate);
        }
        else
        {
            float* values = (float*)input + ((long)unit * rows);
            FloatTiles[rows](weights, weights + 64, _matrix.Kind.UnitBytes(), values, count, output, _outputStride, accumulate);
        }
    }

    private delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] FloatTiles => _matrix.Kind switch
    {
        WeightKind.BFloat16 => kernels.BFloat16Tiles,
        WeightKind.Float16 => kernels.Float16Tiles,
        _ => kernels.Float32Tiles,
    };

    private void ScaleColumns(int firstPanel, int endPanel)
    {
        for (int panel = firstPanel; panel < endPanel; panel++)
        {
            float* values = _output + (panel * ColumnsPerPanel);
            for (int row = 0; row < _tiles.Rows; row++)
                kernels.ScalePanel(values + (row * _outputStride), Panel(panel));
        }
    }

    private void Finish(int firstPanel, int endPanel)
    {
        if (_end == ProductEnd.None)
            return;
        int column = firstPanel * ColumnsPerPanel;
        int columns = (endPanel - firstPanel) * ColumnsPerPanel;
        for (int row = 0; row < _tiles.Rows; row++)
        {
            float* values = _output + (row * _outputStride) + column;
            float* operand = _operand + (row * _operandStride);
            switch (_end)
            {
                case ProductEnd.AddBias:
                    kernels.Add(values, _operand + column, columns);
                    break;
                case ProductEnd.AddToResidual:
                    kernels.Add(operand + column, values, columns);
                    break;
                default:
                    for (int i = 0; i < columns; i += 2 * ColumnsPerPanel)
                        kernels.GatedPanel(values + i, values + i + ColumnsPerPanel, operand + ((column + i) / 2));
                    break;
            }
        }
    }
}
