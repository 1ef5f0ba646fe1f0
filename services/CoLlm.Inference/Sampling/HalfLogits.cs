using System.Numerics.Tensors;

namespace CoLlm.Inference.Sampling;

/// <summary>Logits in half precision: the form in which an expert's whole distribution is handed over.</summary>
public static class HalfLogits
{
    /// <summary>Shifts a row so that its largest value is zero, which changes no probability, and rounds it to half precision.</summary>
    /// <param name="logits">Finite. <c>[usable vocabulary]</c></param>
    /// <param name="destination">As long.</param>
    /// <param name="scratch">Overwritten; as long.</param>
    public static void Round(ReadOnlySpan<float> logits, Span<Half> destination, Span<float> scratch)
    {
        Span<float> shifted = scratch[..logits.Length];
        TensorPrimitives.Subtract(logits, VocabularyScan.Max(logits), shifted);
        TensorPrimitives.ConvertToHalf(shifted, destination);
    }
}
