using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.MachineCode;
using CoLlm.Inference.Cpu.Kernels.Simd;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>The instructions that kernels exist for; each includes those before it.</summary>
internal enum InstructionSet
{
    Portable,
    Avx2,
    Avx512,

    /// <summary>Integer tiles in generated machine code.</summary>
    Avx512Vnni,
}

/// <summary>The kernels of one instruction set, as function pointers; tiles by number of rows.</summary>
internal sealed unsafe class KernelTable
{
    private KernelTable(InstructionSet instructionSet) => InstructionSet = instructionSet;

    public InstructionSet InstructionSet { get; }

    /// <summary>The kernels in words, for people who compare machines.</summary>
    public string Description => InstructionSet switch
    {
        InstructionSet.Avx512Vnni => "AVX-512, integer products in generated VNNI code",
        InstructionSet.Avx512 => "AVX-512",
        InstructionSet.Avx2 => "AVX2",
        _ => "portable, 128 bits",
    };

    /// <summary>Most rows of a float tile.</summary>
    public required int MaxFloatRows { get; init; }

    public required delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] Float32Tiles { get; init; }

    public required delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] Float16Tiles { get; init; }

    public required delegate*<byte*, byte*, long, float*, int, float*, long, bool, void>[] BFloat16Tiles { get; init; }

    public required IntegerKernels Int8 { get; init; }

    public required IntegerKernels Int4 { get; init; }

    public required delegate*<float*, float*, float*, int, float, void> RmsNorm { get; init; }

    public required delegate*<float*, float*, int, void> Add { get; init; }

    public required delegate*<float*, float*, float*, void> GatedPanel { get; init; }

    public required delegate*<float*, byte*, void> ScalePanel { get; init; }

    public required delegate*<float*, float*, float*, int, void> Rotate { get; init; }

    public required delegate*<float*, int, int, int, int, float, float*, float> Softmax { get; init; }

    public required delegate*<float*, float*, float, float, float*, int, void> Merge { get; init; }

    public required delegate*<byte*, long, int> ReadCeiling { get; init; }

    public required delegate*<int, float> MultiplyAddCeiling { get; init; }

    /// <summary>Floats in a register.</summary>
    public required int Width { get; init; }

    /// <summary>The best instruction set that this processor, and the system with it, lets us use.</summary>
    public static InstructionSet Best =>
        Avx512BW.IsSupported && Vector512.IsHardwareAccelerated
            ? DotProductTile.IsSupported ? InstructionSet.Avx512Vnni : InstructionSet.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? InstructionSet.Avx2
        : InstructionSet.Portable;

    public static KernelTable For(InstructionSet instructionSet) => instructionSet switch
    {
        InstructionSet.Avx512 or InstructionSet.Avx512Vnni => Create<Avx512Simd, Vector512<float>, Vector512<int>>(instructionSet),
        InstructionSet.Avx2 => Create<Avx2Simd, Vector256<float>, Vector256<int>>(instructionSet),
        _ => Create<PortableSimd, Vector128<float>, Vector128<int>>(instructionSet),
    };

    /// <param name="kind">An integer kind.</param>
    public IntegerKernels Integer(WeightKind kind) => kind == WeightKind.Int8 ? Int8 : Int4;

    private static KernelTable Create<TSimd, TV, TI>(InstructionSet instructionSet)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct => new(instructionSet)
        {
            MaxFloatRows = TSimd.MaxTileRows,
            Float32Tiles = FloatTiles<TSimd, TV, TI, Float32Format>(),
            Float16Tiles = FloatTiles<TSimd, TV, TI, Float16Format>(),
            BFloat16Tiles = FloatTiles<TSimd, TV, TI, BFloat16Format>(),
            Int8 = instructionSet < InstructionSet.Avx512Vnni
                ? IntegerKernels.Int8<TSimd, TV, TI>()
                : IntegerKernels.Int8DotProducts<TSimd, TV, TI>(),
            Int4 = instructionSet < InstructionSet.Avx512Vnni
                ? IntegerKernels.Int4<TSimd, TV, TI>()
                : IntegerKernels.Int4DotProducts<TSimd, TV, TI>(),
            RmsNorm = &RowKernels.RmsNorm<TSimd, TV, TI>,
            Add = &RowKernels.Add<TSimd, TV, TI>,
            GatedPanel = &RowKernels.GatedPanel<TSimd, TV, TI>,
            ScalePanel = &RowKernels.ScalePanel<TSimd, TV, TI>,
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
