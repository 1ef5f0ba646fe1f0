using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>Angles of the rotary embedding, computed in double precision for any position.</summary>
internal sealed unsafe class RotaryTable
{
    private readonly double[] _frequencies;

    public RotaryTable(ModelConfig config)
    {
        _frequencies = new double[config.HeadDim / 2];
        for (int i = 0; i < _frequencies.Length; i++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * i / config.HeadDim);
            // Single precision, because the reference implementation and so every trained checkpoint holds them that way.
            _frequencies[i] = (float)Scale(config.RopeScaling, frequency);
        }
    }

    /// <summary>Writes the cosines and sines of a position. <c>[head_dim / 2]</c> each</summary>
    public void Write(int position, float* cosines, float* sines)
    {
        for (int i = 0; i < _frequencies.Length; i++)
        {
            (double sine, double cosine) = Math.SinCos(position * _frequencies[i]);
            cosines[i] = (float)cosine;
            sines[i] = (float)sine;
        }
    }

    private static double Scale(RopeScaling? scaling, double frequency) => scaling switch
    {
        null => frequency,
        LinearRopeScaling linear => frequency / linear.Factor,
        Llama3RopeScaling llama3 => Scale(llama3, frequency),
        _ => throw new NotSupportedException($"Rope scaling '{scaling.GetType().Name}' is not known to this backend."),
    };

    private static double Scale(Llama3RopeScaling scaling, double frequency)
    {
        double wavelength = 2 * Math.PI / frequency;
        double original = scaling.OriginalMaxPositionCount;
        if (wavelength < original / scaling.HighFrequencyFactor)
            return frequency;
        if (wavelength > original / scaling.LowFrequencyFactor)
            return frequency / scaling.Factor;
        double share = ((original / wavelength) - scaling.LowFrequencyFactor)
            / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - share) * (frequency / scaling.Factor)) + (share * frequency);
    }
}
