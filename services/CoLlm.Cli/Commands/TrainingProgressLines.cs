using System.Globalization;
using CoLlm.Training.Running;

namespace CoLlm.Cli.Commands;

/// <summary>Writes training progress as lines of text, a few seconds apart, so that they read well in a terminal and in a log.</summary>
internal sealed class TrainingProgressLines(TextWriter output, TimeProvider time) : IProgress<TrainingProgress>
{
    private const int BarWidth = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private long _last;
    private string _stage = "";

    public void Report(TrainingProgress value)
    {
        bool isDue = value.Stage != _stage || value.Step == value.TotalSteps || time.GetElapsedTime(_last) >= Pause;
        if (!isDue)
            return;
        (_stage, _last) = (value.Stage, time.GetTimestamp());
        output.WriteLine(Line(value));
    }

    /// <summary>One line: bar, steps, and what the stage measures.</summary>
    internal static string Line(TrainingProgress value)
    {
        int done = (int)((long)BarWidth * value.Step / Math.Max(1, value.TotalSteps));
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{value.Stage,-12} [{new string('#', done)}{new string('.', BarWidth - done)}] {value.Step}/{value.TotalSteps}");
        if (value.LearningRate > 0)
            line += string.Create(CultureInfo.InvariantCulture, $"  loss {value.Loss:0.0000}");
        if (value.TokensPerSecond > 0)
        {
            line += string.Create(
                CultureInfo.InvariantCulture,
                $"  base {value.BaseLoss:0.0000}  defers {value.DeferralRate:P1}  {value.TokensPerSecond:0} tokens/s  left {value.Remaining:h\\:mm\\:ss}");
        }

        return line;
    }
}
