using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CoLlm.Training.Kernels;

namespace CoLlm.Benchmarks.Training;

/// <summary>Nothing but fused multiply-adds on registers: the rate that no fp32 kernel can exceed on this processor.</summary>
internal static class PeakLoop
{
    private const int Iterations = 2_000_000;
    private const int Chains = 12;

    /// <summary>Operations of one <see cref="Run"/>.</summary>
    public static double Flops(int threadCount) => 2.0 * Iterations * Chains * Vector512<float>.Count * threadCount * ItemsPerThread;

    private const int ItemsPerThread = 4;

    /// <summary>Keeps every thread of the pool busy.</summary>
    public static void Run(ForkJoinPool pool) => pool.Run(pool.WorkerCount * ItemsPerThread, (_, item) => Chain(item));

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Chain(int seed)
    {
        Vector512<float> factor = Vector512.Create(0.999f);
        Vector512<float> a = Vector512.Create((float)seed), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;
        for (int n = 0; n < Iterations; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, factor, factor);
            b = Vector512.FusedMultiplyAdd(b, factor, factor);
            c = Vector512.FusedMultiplyAdd(c, factor, factor);
            d = Vector512.FusedMultiplyAdd(d, factor, factor);
            e = Vector512.FusedMultiplyAdd(e, factor, factor);
            f = Vector512.FusedMultiplyAdd(f, factor, factor);
            g = Vector512.FusedMultiplyAdd(g, factor, factor);
            h = Vector512.FusedMultiplyAdd(h, factor, factor);
            i = Vector512.FusedMultiplyAdd(i, factor, factor);
            j = Vector512.FusedMultiplyAdd(j, factor, factor);
            k = Vector512.FusedMultiplyAdd(k, factor, factor);
            l = Vector512.FusedMultiplyAdd(l, factor, factor);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
