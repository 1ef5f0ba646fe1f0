namespace CoLlm.Training.Optimization;

/// <summary>Linear warm-up from zero to the peak, then linear decay to zero at the last step.</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">Steps of the rise.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
internal sealed record LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps)
{
    /// <summary>The rate of a step, the first being 0.</summary>
    public float At(int step)
    {
        double share = step < WarmupSteps
            ? (step + 1.0) / WarmupSteps
            : (double)(TotalSteps - step) / Math.Max(1, TotalSteps - WarmupSteps);
        return (float)(Peak * Math.Clamp(share, 0, 1));
    }
}
