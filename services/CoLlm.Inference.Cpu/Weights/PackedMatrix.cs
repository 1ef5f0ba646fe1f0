using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// A weight matrix as kernels read it: panels of 32 output columns, each panel its depth steps (or groups of 32) one after
/// another. Valid while the storage it lies in is.
/// </summary>
/// <param name="Data">First panel.</param>
/// <param name="Kind">Number format.</param>
/// <param name="Panels">Panels of 32 output columns; the last may be padded with zeros.</param>
/// <param name="Depth">Length of an input row.</param>
internal readonly unsafe record struct PackedMatrix(nint Data, WeightKind Kind, int Panels, int Depth)
{
    private const int Line = 64;

    /// <summary>Output columns, padding included.</summary>
    public int Columns => Panels * FloatTile.Columns;

    /// <summary>Units of depth: steps, or groups of 32.</summary>
    public int Units => (Depth + Kind.UnitDepth() - 1) / Kind.UnitDepth();

    /// <summary>Whole cache lines: a header, where the kind has one, and the units.</summary>
    public long PanelBytes => (Kind.PanelHeaderBytes() + ((long)Units * Kind.UnitBytes()) + Line - 1) / Line * Line;

    public long ByteLength => PanelBytes * Panels;
}
