using System.Runtime.Intrinsics;

namespace CoLlm.Training.Kernels;

/// <summary>Rotary position embedding of one head in the half-split form: dimension i turns with dimension i + width/2.</summary>
internal static unsafe class RotaryKernel
{
    /// <summary>Rotates in place by the angles whose cosines and sines are given.</summary>
    /// <param name="head">One head's values, modified.</param>
    /// <param name="cosine"><c>[half]</c>.</param>
    /// <param name="sine"><c>[half]</c>.</param>
    /// <param name="half">Half the width of the head.</param>
    /// <param name="direction">1 rotates forward; -1 is the inverse, which is also the gradient.</param>
    public static void Rotate(float* head, float* cosine, float* sine, int half, float direction)
    {
        float* second = head + half;
        int i = 0;
        for (; i + Vector256<float>.Count <= half; i += Vector256<float>.Count)
        {
            Vector256<float> c = Vector256.Load(cosine + i);
            Vector256<float> s = Vector256.Load(sine + i) * direction;
            Vector256<float> a = Vector256.Load(head + i);
            Vector256<float> b = Vector256.Load(second + i);
            Vector256.Store((a * c) - (b * s), head + i);
            Vector256.Store((b * c) + (a * s), second + i);
        }

        for (; i < half; i++)
        {
            float s = sine[i] * direction;
            float a = head[i];
            float b = second[i];
            head[i] = (a * cosine[i]) - (b * s);
            second[i] = (b * cosine[i]) + (a * s);
        }
    }
}
