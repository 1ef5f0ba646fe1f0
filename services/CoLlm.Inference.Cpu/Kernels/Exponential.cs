using System.Runtime.CompilerServices;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>
/// e^x to about one unit in the last place, from additions, fused multiply-adds and bit shifts alone, so that every register
/// width and processor gives the same bits. Below -87.3 it is exactly zero (also for minus infinity); NaN stays NaN.
/// </summary>
internal static class Exponential
{
    private const float Smallest = -87.33654f;
    private const float Largest = 88.37626f;
    private const float RoundingShift = 12582912f;
    private const float Log2OfE = 1.442695041f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Compute<TSimd, TV, TI>(TV x)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        // The smaller of x and the largest, written so that NaN survives.
        TV negated = TSimd.Larger(TSimd.Broadcast(-Largest), TSimd.Subtract(TSimd.Broadcast(0f), x));
        TV bounded = TSimd.Subtract(TSimd.Broadcast(0f), negated);

        // x = n ln 2 + r with |r| <= ln 2 / 2; adding the shift leaves n in the low mantissa bits.
        TV shifted = TSimd.MultiplyAdd(bounded, TSimd.Broadcast(Log2OfE), TSimd.Broadcast(RoundingShift));
        TV n = TSimd.Subtract(shifted, TSimd.Broadcast(RoundingShift));
        TV r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-Ln2High), bounded);
        r = TSimd.MultiplyAdd(n, TSimd.Broadcast(-Ln2Low), r);

        TV p = TSimd.Broadcast(1f / 720f);
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1f / 120f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1f / 24f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1f / 6f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(0.5f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1f));
        p = TSimd.MultiplyAdd(p, r, TSimd.Broadcast(1f));

        TI exponent = TSimd.SubtractInt(TSimd.AsInt(shifted), TSimd.AsInt(TSimd.Broadcast(RoundingShift)));
        TI power = TSimd.ShiftLeft(TSimd.AddInt(exponent, TSimd.BroadcastInt(127)), 23);
        return TSimd.ZeroWhereBelow(x, TSimd.Broadcast(Smallest), TSimd.Multiply(p, TSimd.AsFloat(power)));
    }
}
