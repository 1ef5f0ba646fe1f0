using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// Turns 8 depth steps of 8 low and 8 high columns into 8 lines of 8 lanes, the low column in each lane's lower half. Needs AVX2.
/// </summary>
internal static unsafe class HalfTranspose
{
    private const int HighColumn = 16;

    /// <param name="source">Low column 0; the high columns begin 16 rows later.</param>
    /// <param name="stride">Elements from one column to the next.</param>
    /// <param name="target">Lane 0 of depth step 0; a step is 16 lanes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(ushort* source, int stride, uint* target)
    {
        // Interleaving columns c and c + 1 pairwise, then pairs of pairs, leaves each depth step's lanes in one register.
        (Vector256<uint> a0, Vector256<uint> a1) = Interleave(Lane(source, 0, stride), Lane(source, 1, stride));
        (Vector256<uint> a2, Vector256<uint> a3) = Interleave(Lane(source, 2, stride), Lane(source, 3, stride));
        (Vector256<uint> a4, Vector256<uint> a5) = Interleave(Lane(source, 4, stride), Lane(source, 5, stride));
        (Vector256<uint> a6, Vector256<uint> a7) = Interleave(Lane(source, 6, stride), Lane(source, 7, stride));
        (Vector256<ulong> b0, Vector256<ulong> b1) = Interleave(a0.AsUInt64(), a2.AsUInt64());
        (Vector256<ulong> b2, Vector256<ulong> b3) = Interleave(a1.AsUInt64(), a3.AsUInt64());
        (Vector256<ulong> b4, Vector256<ulong> b5) = Interleave(a4.AsUInt64(), a6.AsUInt64());
        (Vector256<ulong> b6, Vector256<ulong> b7) = Interleave(a5.AsUInt64(), a7.AsUInt64());
        StorePair(b0, b4, target, 0);
        StorePair(b1, b5, target, 1);
        StorePair(b2, b6, target, 2);
        StorePair(b3, b7, target, 3);
    }

    /// <summary>Eight depth steps of one low column and its high column, one lane for each step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Lane(ushort* source, int column, int stride)
    {
        Vector256<uint> low = Avx2.ConvertToVector256Int32(source + (column * stride)).AsUInt32();
        Vector256<uint> high = Avx2.ConvertToVector256Int32(source + ((column + HighColumn) * stride)).AsUInt32();
        return low | (high << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> Low, Vector256<uint> High) Interleave(Vector256<uint> left, Vector256<uint> right) =>
        (Avx2.UnpackLow(left, right), Avx2.UnpackHigh(left, right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ulong> Low, Vector256<ulong> High) Interleave(Vector256<ulong> left, Vector256<ulong> right) =>
        (Avx2.UnpackLow(left, right), Avx2.UnpackHigh(left, right));

    /// <summary>Both halves of a pair of registers hold four lanes of a step: of step and of step + 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(Vector256<ulong> first, Vector256<ulong> second, uint* target, int step)
    {
        Avx2.Permute2x128(first, second, 0x20).AsUInt32().Store(target + (step * 16));
        Avx2.Permute2x128(first, second, 0x31).AsUInt32().Store(target + ((step + 4) * 16));
    }
}
