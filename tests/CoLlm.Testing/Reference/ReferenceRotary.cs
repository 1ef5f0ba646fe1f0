using CoLlm.Inference.Models;

namespace CoLlm.Testing.Reference;

/// <summary>Rotary frequencies of a model, rounded to single precision as the reference implementation holds them.</summary>
public static class ReferenceRotary
{
    /// <returns><c>[head_dim / 2]</c>, radians per position.</returns>
    public static float[] Frequencies(ModelConfig config)
    {
        float[] frequencies = new float[config.HeadDim / 2];
        for (int i = 0; i < frequencies.Length; i++)
            frequencies[i] = (float)Scale(config.RopeScaling, Math.Pow(config.RopeTheta, -2.0 * i / config.HeadDim));
        return frequencies;
    }

    private static double Scale(RopeScaling? scaling, double frequency) => scaling switch
    {
        null => frequency,
        LinearRopeScaling linear => frequency / linear.Factor,
        Llama3RopeScaling llama3 => ScaleLlama3(llama3, frequency),
        _ => throw new NotSupportedException(scaling.ToString()),
    };

    private static double ScaleLlama3(Llama3RopeScaling scaling, double frequency)
    {
        double turnsInOriginalContext = scaling.OriginalMaxPositionCount * frequency / (2 * Math.PI);
        if (turnsInOriginalContext < scaling.LowFrequencyFactor)
            return frequency / scaling.Factor;
        if (turnsInOriginalContext > scaling.HighFrequencyFactor)
            return frequency;
        double kept = (turnsInOriginalContext - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - kept) * frequency / scaling.Factor) + (kept * frequency);
    }
}
