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

    private static readonly nint[] Functions = new nint[2 * (DotProductCode.MaxRows + 1)];
    private static readonly ExecutableMemory? Memory = Create(Functions);

    /// <summary>True if the processor has the instruction and the system lets this process run code that it made.</summary>
    public static bool IsSupported => Memory is not null;

    /// <summary>As <see cref="Int8Tile.Run"/>, with the rows in bytes.</summary>
    public static void Int8<TRows>(byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate)
        where TRows : struct, IRowCount =>
        Call(2 * TRows.Value, panel, input, groups, output, outputStride, accumulate);

    /// <summary>As <see cref="Int4Tile.Run"/>.</summary>
    public static void Int4<TRows>(byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate)
        where TRows : struct, IRowCount =>
        Call((2 * TRows.Value) + 1, panel, input, groups, output, outputStride, accumulate);

    private static void Call(int function, byte* panel, int* input, int groups, float* output, long outputStride, bool accumulate) =>
        ((delegate* unmanaged<byte*, int*, int, float*, long, nint, void>)Functions[function])(
            panel, input, groups, output, outputStride, accumulate ? 1 : 0);

    private static ExecutableMemory? Create(nint[] functions)
    {
        if (!HasInstruction())
            return null;
        List<byte> code = [];
        for (int rows = 1; rows <= DotProductCode.MaxRows; rows++)
        {
            foreach (WeightKind kind in (WeightKind[])[WeightKind.Int8, WeightKind.Int4])
            {
                functions[(2 * rows) + (kind == WeightKind.Int4 ? 1 : 0)] = code.Count;
                code.AddRange(DotProductCode.Generate(kind, rows));
                while (code.Count % FunctionAlignment != 0)
                    code.Add(BreakpointInstruction);
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
