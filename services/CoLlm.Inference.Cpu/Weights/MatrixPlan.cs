using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// Which checkpoint rows make up one packed matrix: several tensors stacked (query, key, value) or panel by panel in turn
/// (gate, up), so that one product computes what belongs together.
/// </summary>
internal sealed class MatrixPlan
{
    private readonly TensorView[] _tensors;
    private readonly bool _inTurn;

    /// <param name="format">How weights are kept.</param>
    /// <param name="inTurn">True: panels alternate between the tensors, which have equal shapes; false: rows are stacked.</param>
    /// <param name="tensors">Tensors of shape <c>[rows, depth]</c>.</param>
    public MatrixPlan(WeightFormat format, bool inTurn, params TensorView[] tensors)
    {
        _tensors = tensors;
        _inTurn = inTurn;
        Depth = checked((int)tensors[0].Shape[1]);
        long rows = 0;
        long panels = 0;
        bool sameType = true;
        foreach (TensorView tensor in tensors)
        {
            rows += tensor.Shape[0];
            panels += PanelsFor(tensor.Shape[0]);
            sameType &= tensor.ElementType == tensors[0].ElementType;
        }
        Panels = checked((int)(inTurn ? panels : PanelsFor(rows)));
        Kind = format switch
        {
            WeightFormat.Int8 => WeightKind.Int8,
            WeightFormat.Int4 => WeightKind.Int4,
            _ => sameType ? WeightKinds.From(tensors[0].ElementType) : WeightKind.Float32,
        };
    }

    public WeightKind Kind { get; }

    public int Depth { get; }

    public int Panels { get; }

    /// <summary>The matrix once its panels lie at <paramref name="data"/>.</summary>
    public PackedMatrix At(nint data) => new(data, Kind, Panels, Depth);

    /// <summary>Finds the checkpoint row behind an output column; false for padding.</summary>
    public bool TryGetRow(int column, out TensorView tensor, out long row)
    {
        row = column;
        if (_inTurn)
        {
            int panel = column / FloatTile.Columns;
            tensor = _tensors[panel % _tensors.Length];
            row = ((panel / _tensors.Length) * FloatTile.Columns) + (column % FloatTile.Columns);
            return row < tensor.Shape[0];
        }
        foreach (TensorView candidate in _tensors)
        {
            tensor = candidate;
            if (row < candidate.Shape[0])
                return true;
            row -= candidate.Shape[0];
        }
        tensor = default;
        return false;
    }

    private static long PanelsFor(long rows) => (rows + FloatTile.Columns - 1) / FloatTile.Columns;
}
