using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CoLlm.Training.Kernels;

/// <summary>
/// Multiplies a packed strip of 12 rows with a packed strip of 32 columns. Every output is one chain of fused multiply-adds in
/// ascending order of the reduction, whatever the vector width, so all processors and tilings give the same bits.
/// </summary>
internal static unsafe class MicroKernel
{
    public const int Rows = 12;
    public const int Columns = 32;

    /// <summary>Computes <c>c[i, j] (+)= sum over k of a[k, i] * b[k, j]</c> for the whole 12 x 32 tile.</summary>
    /// <param name="a">Packed rows, <c>[depth, 12]</c>.</param>
    /// <param name="b">Packed columns, <c>[depth, 32]</c>, aligned to 64 bytes.</param>
    /// <param name="depth">Length of the reduction.</param>
    /// <param name="c">The tile, modified.</param>
    /// <param name="stride">Distance between rows of <paramref name="c"/>.</param>
    /// <param name="accumulate">Add to what is there.</param>
    public static void Run(float* a, float* b, int depth, float* c, long stride, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Tile512(a, b, depth, c, stride, accumulate);
            return;
        }

        for (int row = 0; row < Rows; row += 6)
        {
            for (int column = 0; column < Columns; column += 16)
                Tile256(a + row, b + column, depth, c + (row * stride) + column, stride, accumulate);
        }
    }


    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile512(float* a, float* b, int depth, float* c, long stride, bool accumulate)
    {
        Vector512<float> u0 = default, v0 = default;
        Vector512<float> u1 = default, v1 = default;
        Vector512<float> u2 = default, v2 = default;
        Vector512<float> u3 = default, v3 = default;
        Vector512<float> u4 = default, v4 = default;
        Vector512<float> u5 = default, v5 = default;
        Vector512<float> u6 = default, v6 = default;
        Vector512<float> u7 = default, v7 = default;
        Vector512<float> u8 = default, v8 = default;
        Vector512<float> u9 = default, v9 = default;
        Vector512<float> u10 = default, v10 = default;
        Vector512<float> u11 = default, v11 = default;
        for (int k = 0; k < depth; k++, a += Rows, b += Columns)
        {
            Vector512<float> p = Vector512.Load(b);
            Vector512<float> q = Vector512.Load(b + 16);
            Vector512<float> s0 = Vector512.Create(a[0]);
            u0 = Vector512.FusedMultiplyAdd(s0, p, u0);
            v0 = Vector512.FusedMultiplyAdd(s0, q, v0);
            Vector512<float> s1 = Vector512.Create(a[1]);
            u1 = Vector512.FusedMultiplyAdd(s1, p, u1);
            v1 = Vector512.FusedMultiplyAdd(s1, q, v1);
            Vector512<float> s2 = Vector512.Create(a[2]);
            u2 = Vector512.FusedMultiplyAdd(s2, p, u2);
            v2 = Vector512.FusedMultiplyAdd(s2, q, v2);
            Vector512<float> s3 = Vector512.Create(a[3]);
            u3 = Vector512.FusedMultiplyAdd(s3, p, u3);
            v3 = Vector512.FusedMultiplyAdd(s3, q, v3);
            Vector512<float> s4 = Vector512.Create(a[4]);
            u4 = Vector512.FusedMultiplyAdd(s4, p, u4);
            v4 = Vector512.FusedMultiplyAdd(s4, q, v4);
            Vector512<float> s5 = Vector512.Create(a[5]);
            u5 = Vector512.FusedMultiplyAdd(s5, p, u5);
            v5 = Vector512.FusedMultiplyAdd(s5, q, v5);
            Vector512<float> s6 = Vector512.Create(a[6]);
            u6 = Vector512.FusedMultiplyAdd(s6, p, u6);
            v6 = Vector512.FusedMultiplyAdd(s6, q, v6);
            Vector512<float> s7 = Vector512.Create(a[7]);
            u7 = Vector512.FusedMultiplyAdd(s7, p, u7);
            v7 = Vector512.FusedMultiplyAdd(s7, q, v7);
            Vector512<float> s8 = Vector512.Create(a[8]);
            u8 = Vector512.FusedMultiplyAdd(s8, p, u8);
            v8 = Vector512.FusedMultiplyAdd(s8, q, v8);
            Vector512<float> s9 = Vector512.Create(a[9]);
            u9 = Vector512.FusedMultiplyAdd(s9, p, u9);
            v9 = Vector512.FusedMultiplyAdd(s9, q, v9);
            Vector512<float> s10 = Vector512.Create(a[10]);
            u10 = Vector512.FusedMultiplyAdd(s10, p, u10);
            v10 = Vector512.FusedMultiplyAdd(s10, q, v10);
            Vector512<float> s11 = Vector512.Create(a[11]);
            u11 = Vector512.FusedMultiplyAdd(s11, p, u11);
            v11 = Vector512.FusedMultiplyAdd(s11, q, v11);
        }

        Store(c, u0, v0, accumulate);
        Store(c + stride, u1, v1, accumulate);
        Store(c + (2 * stride), u2, v2, accumulate);
        Store(c + (3 * stride), u3, v3, accumulate);
        Store(c + (4 * stride), u4, v4, accumulate);
        Store(c + (5 * stride), u5, v5, accumulate);
        Store(c + (6 * stride), u6, v6, accumulate);
        Store(c + (7 * stride), u7, v7, accumulate);
        Store(c + (8 * stride), u8, v8, accumulate);
        Store(c + (9 * stride), u9, v9, accumulate);
        Store(c + (10 * stride), u10, v10, accumulate);
        Store(c + (11 * stride), u11, v11, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Tile256(float* a, float* b, int depth, float* c, long stride, bool accumulate)
    {
        Vector256<float> u0 = default, v0 = default;
        Vector256<float> u1 = default, v1 = default;
        Vector256<float> u2 = default, v2 = default;
        Vector256<float> u3 = default, v3 = default;
        Vector256<float> u4 = default, v4 = default;
        Vector256<float> u5 = default, v5 = default;
        for (int k = 0; k < depth; k++, a += Rows, b += Columns)
        {
            Vector256<float> p = Vector256.Load(b);
            Vector256<float> q = Vector256.Load(b + 8);
            Vector256<float> s0 = Vector256.Create(a[0]);
            u0 = Vector256.FusedMultiplyAdd(s0, p, u0);
            v0 = Vector256.FusedMultiplyAdd(s0, q, v0);
            Vector256<float> s1 = Vector256.Create(a[1]);
            u1 = Vector256.FusedMultiplyAdd(s1, p, u1);
            v1 = Vector256.FusedMultiplyAdd(s1, q, v1);
            Vector256<float> s2 = Vector256.Create(a[2]);
            u2 = Vector256.FusedMultiplyAdd(s2, p, u2);
            v2 = Vector256.FusedMultiplyAdd(s2, q, v2);
            Vector256<float> s3 = Vector256.Create(a[3]);
            u3 = Vector256.FusedMultiplyAdd(s3, p, u3);
            v3 = Vector256.FusedMultiplyAdd(s3, q, v3);
            Vector256<float> s4 = Vector256.Create(a[4]);
            u4 = Vector256.FusedMultiplyAdd(s4, p, u4);
            v4 = Vector256.FusedMultiplyAdd(s4, q, v4);
            Vector256<float> s5 = Vector256.Create(a[5]);
            u5 = Vector256.FusedMultiplyAdd(s5, p, u5);
            v5 = Vector256.FusedMultiplyAdd(s5, q, v5);
        }

        Store(c, u0, v0, accumulate);
        Store(c + stride, u1, v1, accumulate);
        Store(c + (2 * stride), u2, v2, accumulate);
        Store(c + (3 * stride), u3, v3, accumulate);
        Store(c + (4 * stride), u4, v4, accumulate);
        Store(c + (5 * stride), u5, v5, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> u, Vector512<float> v, bool accumulate)
    {
        if (accumulate)
        {
            u += Vector512.Load(c);
            v += Vector512.Load(c + 16);
        }

        Vector512.Store(u, c);
        Vector512.Store(v, c + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector256<float> u, Vector256<float> v, bool accumulate)
    {
        if (accumulate)
        {
            u += Vector256.Load(c);
            v += Vector256.Load(c + 8);
        }

        Vector256.Store(u, c);
        Vector256.Store(v, c + 8);
    }
}
