using System.Runtime.CompilerServices;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// How one depth step of a 32-column panel is stored and widened to two registers of floats: columns <c>j</c> from the low half
/// (0..15) and <c>16 + j</c> from the high half. Widening is exact.
/// </summary>
internal unsafe interface IWeightFormat
{
    /// <summary>Columns <c>j ..</c> at <paramref name="low"/>.</summary>
    static abstract TV Low<TSimd, TV, TI>(byte* low)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct;

    /// <summary>Columns <c>16 + j ..</c>, beside the low ones (16-bit formats) or at <paramref name="high"/>.</summary>
    static abstract TV High<TSimd, TV, TI>(byte* low, byte* high)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct;
}

/// <summary>32-bit floats: two pointers, one for each half.</summary>
internal readonly unsafe struct Float32Format : IWeightFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Low<TSimd, TV, TI>(byte* low)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        TSimd.Load((float*)low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV High<TSimd, TV, TI>(byte* low, byte* high)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        TSimd.Load((float*)high);
}

/// <summary>bfloat16: the low column in the lower 16 bits of a lane, the high one in the upper; widening is one shift or one mask.</summary>
internal readonly unsafe struct BFloat16Format : IWeightFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Low<TSimd, TV, TI>(byte* low)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        TSimd.AsFloat(TSimd.ShiftLeft(TSimd.LoadInt((int*)low), 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV High<TSimd, TV, TI>(byte* low, byte* high)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        TSimd.AsFloat(TSimd.And(TSimd.LoadInt((int*)low), TSimd.BroadcastInt(unchecked((int)0xFFFF0000))));
}

/// <summary>
/// IEEE half precision, placed as bfloat16 is. Exponent and mantissa move to their places in a float, subnormals included, and
/// one exact multiplication by 2^112 corrects the exponent's bias.
/// </summary>
internal readonly unsafe struct Float16Format : IWeightFormat
{
    private const float ExponentCorrection = 5.192296858534828e33f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Low<TSimd, TV, TI>(byte* low)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        Widen<TSimd, TV, TI>(TSimd.ShiftLeft(TSimd.LoadInt((int*)low), 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV High<TSimd, TV, TI>(byte* low, byte* high)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct =>
        Widen<TSimd, TV, TI>(TSimd.LoadInt((int*)low));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Widen<TSimd, TV, TI>(TI upperHalves)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TI bits = TSimd.And(TSimd.ShiftRightArithmetic(upperHalves, 3), TSimd.BroadcastInt(unchecked((int)0x8FFFE000)));
        return TSimd.Multiply(TSimd.AsFloat(bits), TSimd.Broadcast(ExponentCorrection));
    }
}
