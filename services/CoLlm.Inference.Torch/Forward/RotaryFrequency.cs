using CoLlm.Inference.Models;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>Frequencies of the rotary embedding, rounded to single precision as trained checkpoints hold them.</summary>
internal static class RotaryFrequency
{
    /// <summary>Radians per position of pair <paramref name="pair"/> of a head's halves.</summary>
    public static double Of(ModelConfig config, int pair)
    {
        double plain = Math.Pow(config.RopeTheta, -2.0 * pair / config.HeadDim);
        return (float)(config.RopeScaling switch
        {
            null => plain,
            LinearRopeScaling linear => plain / linear.Factor,
            Llama3RopeScaling llama3 => Blend(plain, llama3),
            { } other => throw new NotSupportedException($"Rope scaling '{other.GetType().Name}' is not known to this backend."),
        });
    }

    /// <summary>Fast pairs keep their frequency, slow ones are divided; those between are mixed by the turns they make in the original context.</summary>
    private static double Blend(double plain, Llama3RopeScaling scaling)
    {
        double turns = scaling.OriginalMaxPositionCount * plain / (2 * Math.PI);
        double kept = Math.Clamp(
            (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
        return (kept * plain) + ((1 - kept) * plain / scaling.Factor);
    }
}
