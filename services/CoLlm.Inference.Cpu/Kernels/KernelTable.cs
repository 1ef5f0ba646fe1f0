using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>The register widths that kernels exist for.</summary>
internal enum InstructionSet
{
    Portable,
    Avx2,
    Avx512,
}

/// <summary>The kernels of one register width, as function pointers; tiles by number of rows.</summary>
internal sealed unsafe class KernelTable
{
    private KernelTable(InstructionSet instructionSet) => InstructionSet = instructionSet;

    public InstructionSet InstructionSet { get; }

    /// <summary>Most rows of a float tile.</summary>
    public required int MaxFloatRows { get; init; }

    public required delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] Float32Tiles { get; init; }

    public required delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] Float16Tiles { get; init; }

    public required delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] BFloat16Tiles { get; init; }

    public required delegate*<byte*, int*, int, float*, long, bool, void>[] Int8Tiles { get; init; }

    public required delegate*<byte*, int*, int, float*, long, bool, void>[] Int4Tiles { get; init; }

    public required delegate*<float*, int, int*, int, int, void> QuantizeForInt8 { get; init; }

    public required delegate*<float*, int, int*, int, int, void> QuantizeForInt4 { get; init; }

    public required delegate*<float*, float*, float*, int, float, void> RmsNorm { get; init; }

    public required delegate*<float*, float*, int, void> Add { get; init; }

    public required delegate*<float*, float*, float*, void> GatedPanel { get; init; }

    public required delegate*<float*, float*, float*, int, void> Rotate { get; init; }

    public required delegate*<float*, int, int, int, int, float, float*, float> Softmax { get; init; }

    public required delegate*<float*, float*, float, float, float*, int, void> Merge { get; init; }

    public required delegate*<byte*, long, int> ReadCeiling { get; init; }

    public required delegate*<int, float> MultiplyAddCeiling { get; init; }

    /// <summary>Floats in a register.</summary>
    public required int Width { get; init; }

    /// <summary>The widest instruction set of this processor.</summary>
    public static InstructionSet Best =>
        Avx512BW.IsSupported && Vector512.IsHardwareAccelerated ? InstructionSet.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? InstructionSet.Avx2
        : InstructionSet.Portable;

    public static KernelTable For(InstructionSet instructionSet) => instructionSet switch
    {
        InstructionSet.Avx512 => Create<Avx512Simd, Vector512<float>, Vector512<int>>(instructionSet),
        InstructionSet.Avx2 => Create<Avx2Simd, Vector256<float>, Vector256<int>>(instructionSet),
        _ => Create<PortableSimd, Vector128<float>, Vector128<int>>(instructionSet),
    };

    private static KernelTable Create<TSimd, TV, TI>(InstructionSet instructionSet)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct => new(instructionSet)
        {
            MaxFloatRows = TSimd.MaxTileRows,
            Float32Tiles = FloatTiles<TSimd, TV, TI, Float32Format>(),
            Float16Tiles = FloatTiles<TSimd, TV, TI, Float16Format>(),
            BFloat16Tiles = FloatTiles<TSimd, TV, TI, BFloat16Format>(),
            Int8Tiles =
            [
                null,
                &Int8Tile.Run<TSimd, TV, TI, Rows1>,
                &Int8Tile.Run<TSimd, TV, TI, Rows2>,
                &Int8Tile.Run<TSimd, TV, TI, Rows3>,
                &Int8Tile.Run<TSimd, TV, TI, Rows4>,
                &Int8Tile.Run<TSimd, TV, TI, Rows5>,
                &Int8Tile.Run<TSimd, TV, TI, Rows6>,
            ],
            Int4Tiles =
            [
                null,
                &Int4Tile.Run<TSimd, TV, TI, Rows1>,
                &Int4Tile.Run<TSimd, TV, TI, Rows2>,
                &Int4Tile.Run<TSimd, TV, TI, Rows3>,
                &Int4Tile.Run<TSimd, TV, TI, Rows4>,
                &Int4Tile.Run<TSimd, TV, TI, Rows5>,
                &Int4Tile.Run<TSimd, TV, TI, Rows6>,
            ],
            QuantizeForInt8 = &ActivationQuantizer.ForInt8<TSimd, TV, TI>,
            QuantizeForInt4 = &ActivationQuantizer.ForInt4<TSimd, TV, TI>,
            RmsNorm = &RowKernels.RmsNorm<TSimd, TV, TI>,
            Add = &RowKernels.Add<TSimd, TV, TI>,
            GatedPanel = &RowKernels.GatedPanel<TSimd, TV, TI>,
            Rotate = &RowKernels.Rotate<TSimd, TV, TI>,
            Softmax = &Attention.Softmax<TSimd, TV, TI>,
            Merge = &Attention.Merge<TSimd, TV, TI>,
            ReadCeiling = &MachineCeilings.Read<TSimd, TV, TI>,
            MultiplyAddCeiling = &MachineCeilings.MultiplyAdd<TSimd, TV, TI>,
            Width = TSimd.Width,
        };

    private static delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] FloatTiles<TSimd, TV, TI, TFormat>()
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
        where TFormat : struct, IWeightFormat =>
    [
        null,
        &FloatColumn.Run<TSimd, TV, TI, TFormat>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows2>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows3>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows4>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows5>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows6>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows7>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows8>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows9>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows10>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows11>,
        &FloatTile.Run<TSimd, TV, TI, TFormat, Rows12>,
    ];
}
