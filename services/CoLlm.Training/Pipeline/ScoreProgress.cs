using CoLlm.Training.Running;

namespace CoLlm.Training.Pipeline;

/// <summary>Tells sequences scored as steps of a stage.</summary>
internal sealed class ScoreProgress(IProgress<TrainingProgress> target, string stage, int total) : IProgress<int>
{
    public void Report(int value) => target.Report(new TrainingProgress(stage, value, total, 0, 0, 0, 0, 0, 0, 0, TimeSpan.Zero));
}
