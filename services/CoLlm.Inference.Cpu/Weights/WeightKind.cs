using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Number format of a packed matrix.</summary>
internal enum WeightKind
{
    Float32,
    Float16,
    BFloat16,
    Int8,
    Int4,
}

/// <summary>Sizes of the packed formats.</summary>
internal static class WeightKinds
{
    public static WeightKind From(ElementType type) => type switch
    {
        ElementType.BFloat16 => WeightKind.BFloat16,
        ElementType.Float16 => WeightKind.Float16,
        _ => WeightKind.Float32,
    };

    public static bool IsInteger(this WeightKind kind) => kind is WeightKind.Int8 or WeightKind.Int4;

    /// <summary>Depth steps that are stored as one unit.</summary>
    public static int UnitDepth(this WeightKind kind) => kind.IsInteger() ? ActivationQuantizer.GroupSize : 1;

    /// <summary>Bytes before the first unit of a panel: for 4-bit weights what the scales of each column are relative to.</summary>
    public static int PanelHeaderBytes(this WeightKind kind) => kind == WeightKind.Int4 ? Int4Tile.PanelHeaderBytes : 0;

    /// <summary>Bytes of one unit of a 32-column panel.</summary>
    public static int UnitBytes(this WeightKind kind) => kind switch
    {
        WeightKind.Float32 => 128,
        WeightKind.Int8 => Int8Tile.GroupBytes,
        WeightKind.Int4 => Int4Tile.GroupBytes,
        _ => 64,
    };
}
