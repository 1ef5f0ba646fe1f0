using CoLlm.Decoding.SwapHeads;

namespace CoLlm.Training.Pipeline;

/// <summary>Thresholds that give target deferral rates on collected probabilities.</summary>
public static class QuantileGrid
{
    private const int Steps = 10;

    /// <summary>
    /// For 0 %, 10 %, ... 90 % the threshold above which that share of the probabilities lies. Equal probabilities cannot be
    /// told apart, so the share may come out lower, never higher.
    /// </summary>
    /// <param name="probabilities">At least one, each from 0 to 1.</param>
    public static IReadOnlyList<CalibrationPoint> Of(ReadOnlySpan<float> probabilities)
    {
        ArgumentOutOfRangeException.ThrowIfZero(probabilities.Length);
        float[] descending = probabilities.ToArray();
        Array.Sort(descending);
        Array.Reverse(descending);
        List<CalibrationPoint> points = [new(0, 1)];
        for (int step = 1; step < Steps; step++)
            points.Add(new CalibrationPoint((float)step / Steps, descending[Math.Min(descending.Length - 1, descending.Length * step / Steps)]));
        return points;
    }
}
