using System.Numerics.Tensors;
using CoLlm.Inference.Sampling;

namespace CoLlm.Evaluation.Systems;

/// <summary>Ways to make one distribution of several models' logits. Pure functions; rows are <c>[usable vocabulary]</c>.</summary>
internal static class LogitMix
{
    /// <summary>How strongly the small model is subtracted in contrastive decoding.</summary>
    public const float ContrastStrength = 0.5f;

    /// <summary>Tokens less probable to the expert than this share of its most probable one are ruled out.</summary>
    public const float PlausibleShare = 0.1f;

    /// <summary>
    /// Contrastive decoding: <c>(1 + b) expert - b small</c> where the expert finds the token plausible, that is
    /// <c>expert &gt;= log 0.1 + max expert</c>, and never elsewhere.
    /// </summary>
    /// <param name="rows">The expert's, then the small model's.</param>
    /// <param name="result">Receives the scores.</param>
    public static void Contrastive(float[][] rows, Span<float> result)
    {
        float cut = VocabularyScan.Max(rows[0]) + MathF.Log(PlausibleShare);
        for (int i = 0; i < result.Length; i++)
            result[i] = rows[0][i] >= cut ? ((1 + ContrastStrength) * rows[0][i]) - (ContrastStrength * rows[1][i]) : float.NegativeInfinity;
    }

    /// <summary>Proxy tuning: <c>large + small tuned - small untuned</c>.</summary>
    /// <param name="rows">In that order.</param>
    /// <param name="result">Receives the scores.</param>
    public static void Proxy(float[][] rows, Span<float> result)
    {
        TensorPrimitives.Add(rows[0], rows[1], result);
        TensorPrimitives.Subtract(result, rows[2], result);
    }
}
