using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>Cosines and sines of the rotary angles for positions 0 up, grown to the longest sequence seen.</summary>
internal sealed unsafe class RotaryTable
{
    private readonly float[] _frequencies;
    private FloatBlock _cosines = new(0);
    private FloatBlock _sines = new(0);
    private int _positionCount;

    public RotaryTable(ModelConfig config)
    {
        _frequencies = new float[config.HeadDim / 2];
        for (int i = 0; i < _frequencies.Length; i++)
            _frequencies[i] = (float)Scaled(1 / Math.Pow(config.RopeTheta, 2.0 * i / config.HeadDim), config.RopeScaling);
    }

    private int Half => _frequencies.Length;

    /// <summary>Makes the table cover positions below <paramref name="count"/>.</summary>
    public void Reserve(int count)
    {
        if (count <= _positionCount)
            return;
        _cosines = new FloatBlock(checked(count * Half));
        _sines = new FloatBlock(count * Half);
        for (int position = 0; position < count; position++)
        {
            for (int i = 0; i < Half; i++)
            {
                // The angle is rounded to fp32 first, as the reference does; its cosine is then exact to the last bit.
                (double sine, double cosine) = Math.SinCos((float)position * _frequencies[i]);
                _sines.Data[(position * Half) + i] = (float)sine;
                _cosines.Data[(position * Half) + i] = (float)cosine;
            }
        }

        _positionCount = count;
    }

    /// <summary>Rotates every head of every row in place: forward with 1, back (the gradient) with -1.</summary>
    public void Rotate(ComputeContext compute, PackedBatch batch, FloatBlock rows, int headCount, float direction) =>
        compute.ForRows(batch.RowCount, row =>
        {
            int angle = batch.Positions[row] * Half;
            float* head = rows.Data + ((long)row * headCount * 2 * Half);
            for (int i = 0; i < headCount; i++, head += 2 * Half)
                RotaryKernel.Rotate(head, _cosines.Data + angle, _sines.Data + angle, Half, direction);
        });

    private static double Scaled(double frequency, RopeScaling? scaling)
    {
        switch (scaling)
        {
            case LinearRopeScaling linear:
                return frequency / linear.Factor;
            case Llama3RopeScaling llama3:
                double wavelength = 2 * Math.PI / frequency;
                double turns = llama3.OriginalMaxPositionCount / wavelength;
                double share = (turns - llama3.LowFrequencyFactor) / (llama3.HighFrequencyFactor - llama3.LowFrequencyFactor);
                double kept = Math.Clamp(share, 0, 1);
                return ((1 - kept) * frequency / llama3.Factor) + (kept * frequency);
            default:
                return frequency;
        }
    }
}
