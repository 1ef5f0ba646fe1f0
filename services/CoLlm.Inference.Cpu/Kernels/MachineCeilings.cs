using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using CoLlm.Inference.Cpu.Kernels.Simd;

namespace CoLlm.Inference.Cpu.Kernels;

/// <summary>Loops that do nothing but read memory or multiply and add: what the machine can do at best.</summary>
internal static unsafe class MachineCeilings
{
    /// <summary>Floating-point operations of one lane in one iteration of <see cref="MultiplyAdd"/>: 12 independent chains.</summary>
    public const int OperationsPerLane = 24;

    private const int LineInts = 16;
    private const int LinesAhead = 64;

    /// <summary>Reads memory in one stream and returns something of all of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Read<TSimd, TV, TI>(byte* data, long byteLength)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TI a = TSimd.BroadcastInt(0);
        TI b = a;
        int* end = (int*)data + (byteLength / sizeof(int) / (2 * LineInts) * (2 * LineInts));
        for (int* line = (int*)data; line < end; line += 2 * LineInts)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(line + (LinesAhead * LineInts));
                Sse.Prefetch0(line + ((LinesAhead + 1) * LineInts));
            }
            for (int lane = 0; lane < LineInts; lane += TSimd.Width)
            {
                a = TSimd.Or(a, TSimd.LoadInt(line + lane));
                b = TSimd.Or(b, TSimd.LoadInt(line + LineInts + lane));
            }
        }
        int* lanes = stackalloc int[LineInts];
        TSimd.StoreInt(TSimd.Or(a, b), lanes);
        return lanes[0];
    }

    /// <summary>Fused multiply-adds in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float MultiplyAdd<TSimd, TV, TI>(int iterations)
        where TSimd : struct, ISimd<TV, TI>
        where TV : struct
        where TI : struct
    {
        TV m = TSimd.Broadcast(0.999f);
        TV c = TSimd.Broadcast(0.001f);
        TV v0 = c, v1 = c, v2 = c, v3 = c, v4 = c, v5 = c, v6 = c, v7 = c, v8 = c, v9 = c, v10 = c, v11 = c;
        for (int i = 0; i < iterations; i++)
        {
            v0 = TSimd.MultiplyAdd(v0, m, c);
            v1 = TSimd.MultiplyAdd(v1, m, c);
            v2 = TSimd.MultiplyAdd(v2, m, c);
            v3 = TSimd.MultiplyAdd(v3, m, c);
            v4 = TSimd.MultiplyAdd(v4, m, c);
            v5 = TSimd.MultiplyAdd(v5, m, c);
            v6 = TSimd.MultiplyAdd(v6, m, c);
            v7 = TSimd.MultiplyAdd(v7, m, c);
            v8 = TSimd.MultiplyAdd(v8, m, c);
            v9 = TSimd.MultiplyAdd(v9, m, c);
            v10 = TSimd.MultiplyAdd(v10, m, c);
            v11 = TSimd.MultiplyAdd(v11, m, c);
        }
        TV sum = TSimd.Add(TSimd.Add(TSimd.Add(v0, v1), TSimd.Add(v2, v3)), TSimd.Add(TSimd.Add(v4, v5), TSimd.Add(v6, v7)));
        float* lanes = stackalloc float[LineInts];
        TSimd.Store(TSimd.Add(sum, TSimd.Add(TSimd.Add(v8, v9), TSimd.Add(v10, v11))), lanes);
        return lanes[0];
    }
}
