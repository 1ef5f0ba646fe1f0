using System.Runtime.Intrinsics;

namespace CoLlm.Training.Kernels;

/// <summary>The gated activation <c>y = silu(g) u</c> with <c>silu(g) = g sigmoid(g)</c>, and its gradients, elementwise.</summary>
internal static unsafe class SwiGluKernel
{
    public static void Forward(float* gate, float* up, float* y, int count)
    {
        int i = 0;
        for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            Vector512.Store(g * Sigmoid(g) * Vector512.Load(up + i), y + i);
        }

        for (; i < count; i++)
            y[i] = gate[i] * Sigmoid(gate[i]) * up[i];
    }

    /// <summary>Replaces <paramref name="dy"/>'s two inputs' values by their gradients: gate and up hold dgate and dup afterwards.</summary>
    public static void Backward(float* gate, float* up, float* dy, int count)
    {
        int i = 0;
        for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count)
        {
            Vector512<float> g = Vector512.Load(gate + i);
            Vector512<float> d = Vector512.Load(dy + i);
            Vector512<float> s = Sigmoid(g);
            Vector512<float> silu = g * s;
            Vector512.Store(d * Vector512.Load(up + i) * (s + (silu * (Vector512<float>.One - s))), gate + i);
            Vector512.Store(d * silu, up + i);
        }

        for (; i < count; i++)
        {
            float s = Sigmoid(gate[i]);
            float silu = gate[i] * s;
            gate[i] = dy[i] * up[i] * (s + (silu * (1 - s)));
            up[i] = dy[i] * silu;
        }
    }

    private static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Vector512.Exp(-x));

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
