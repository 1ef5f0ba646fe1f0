using CoLlm.Training.Model;

namespace CoLlm.Training.Losses;

/// <summary>Where the swap head's fitting starts.</summary>
internal static class ThetaStart
{
    /// <summary>The mean of the rows of the output projection, <c>[hidden]</c>.</summary>
    public static float[] MeanOutputEmbedding(Parameter outputWeight)
    {
        int vocabulary = outputWeight.Shape[0];
        int hidden = outputWeight.Shape[1];
        double[] sum = new double[hidden];
        ReadOnlySpan<float> weights = outputWeight.Value.Span;
        for (int row = 0; row < vocabulary; row++)
        {
            for (int i = 0; i < hidden; i++)
                sum[i] += weights[(row * hidden) + i];
        }

        return [.. sum.Select(value => (float)(value / vocabulary))];
    }
}
