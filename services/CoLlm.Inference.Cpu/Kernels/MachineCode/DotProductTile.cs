using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Kernels.MachineCode;

/// <summary>
/// The generated integer tiles behind managed functions; they are mapped once and stay for the process. Called as foreign code, so
/// a collection does not wait for them, and what is passed must not be moved by one.
/// </summary>
/// <remarks>Processors that have the instruction on 256 bits alone (AVX-VNNI without AVX-512) keep the managed tiles.</remarks>
internal static unsafe class DotProductTile
{
    private const int ExtendedFeatures = 7;
    private const int VectorNeuralNetworkBit = 1 << 11;
    private const int FunctionAlignment = 64;
    private const int BreakpointInstruction = 0xCC;

    private static readonly nint[] Functions = new nint[4 * (DotProductCode.MaxRows + 1)];
    private static readonly ExecutableMemory? Memory = Create(Functions);

    /// <summary>True if the processor has the instruction and the system lets this process run code that it made.</summary>
    public static bool IsSupported => Memory is not null;

    /// <summary>As <see cref="Int8Tile.Run"/>, with the rows in bytes.</summary>
    public static void Int8<TRows>(byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate)
        where TRows : struct, IRowCount =>
        Call(Index(WeightKind.Int8, TRows.Value, shared: false), panel, input, groups, output, outputStride, accumulate, null);

    /// <summary>
    /// Several tiles in turn times a block of a panel, in 8-bit weights: while they compute they fetch what follows the block, half of
    /// it each of the first two. One change to foreign code for all of them.
    /// </summary>
    /// <param name="weights">First group of the block.</param>
    /// <param name="firstGroup">What that group is in the panel; above zero the output is continued.</param>
    /// <param name="groups">Groups of the block.</param>
    /// <param name="input">The packed rows, all their groups.</param>
    /// <param name="rowBytes">Bytes of a packed row.</param>
    /// <param name="tiles">How the rows are cut; at least two rows a tile.</param>
    /// <param name="output">First of the 32 columns of row 0.</param>
    /// <param name="outputStride">Floats from one row to the next.</param>
    public static void SharedInt8Block(
        byte* weights, int firstGroup, int groups, byte* input, long rowBytes, RowTiles tiles, float* output, long outputStride) =>
        SharedBlock(WeightKind.Int8, weights, firstGroup, groups, input, rowBytes, tiles, output, outputStride);

    /// <summary>As <see cref="Int4Tile.Run"/>.</summary>
    public static void Int4<TRows>(byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate)
        where TRows : struct, IRowCount =>
        Call(Index(WeightKind.Int4, TRows.Value, shared: false), panel, input, groups, output, outputStride, accumulate, null);

    /// <summary>As <see cref="SharedInt8Block"/>, in 4-bit weights.</summary>
    public static void SharedInt4Block(
        byte* weights, int firstGroup, int groups, byte* input, long rowBytes, RowTiles tiles, float* output, long outputStride) =>
        SharedBlock(WeightKind.Int4, weights, firstGroup, groups, input, rowBytes, tiles, output, outputStride);

    private static void SharedBlock(
        WeightKind kind, byte* weights, int firstGroup, int groups, byte* input, long rowBytes, RowTiles tiles, float* output, long outputStride)
    {
        int share = DotProductCode.AheadBytes(kind);
        for (int tile = 0; tile < tiles.Count; tile++)
        {
            int start = tiles.Start(tile);
            int rows = tiles.Start(tile + 1) - start;
            int* values = (int*)(input + (start * rowBytes)) + ((long)firstGroup * rows * Int4Tile.InputInts);
            bool asks = tile * share < kind.UnitBytes();
            byte* ahead = asks ? weights + ((long)groups * (kind.UnitBytes() + (tile * share))) : weights;
            Call(Index(kind, rows, shared: true), weights, values, groups, output + (start * outputStride), outputStride, firstGroup > 0, ahead);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Call(
        int function, byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate, byte* ahead) =>
        ((delegate* unmanaged<byte*, int*, int, float*, long, nint, byte*, void>)Functions[function])(
            panel, input, groups, output, outputStride, accumulate ? 1 : 0, ahead);

    private static int Index(WeightKind kind, int rows, bool shared) => (4 * rows) + (shared ? 2 : 0) + (kind == WeightKind.Int4 ? 1 : 0);

    private static ExecutableMemory? Create(nint[] functions)
    {
        if (!HasInstruction())
            return null;
        List<byte> code = [];
        for (int rows = 1; rows <= DotProductCode.MaxRows; rows++)
        {
            foreach (WeightKind kind in (WeightKind[])[WeightKind.Int8, WeightKind.Int4])
            {
                foreach (bool shared in (bool[])[false, true])
                {
                    functions[Index(kind, rows, shared)] = code.Count;
                    code.AddRange(DotProductCode.Generate(kind, rows, shared));
                    while (code.Count % FunctionAlignment != 0)
                        code.Add(BreakpointInstruction);
                }
            }
        }
        var memory = ExecutableMemory.TryCreate(CollectionsMarshal.AsSpan(code));
        if (memory is not null)
        {
            foreach (ref nint function in functions.AsSpan())
                function += memory.Address;
        }
        return memory;
    }

    private static bool HasInstruction() =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64
        && Avx512BW.IsSupported
        && (X86Base.CpuId(ExtendedFeatures, 0).Ecx & VectorNeuralNetworkBit) != 0;
}
