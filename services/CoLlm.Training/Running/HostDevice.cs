using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Running;

/// <summary>Training on the processor: the state itself is what changes.</summary>
internal sealed class HostDevice(ComputeContext compute, TrainerState state, int columnCount) : ITrainingDevice
{
    private readonly TrainingPass _pass = new(compute, state.Model, state.Theta, columnCount);

    public LossTotals Accumulate(PackedBatch batch, double gradientScale) => _pass.Accumulate(batch, gradientScale).Total();

    public double GradientNorm() => state.Optimizer.GradientNorm(compute);

    public void Step(float learningRate, float gradientFactor) => state.Optimizer.Step(compute, learningRate, gradientFactor);

    public void Download()
    {
    }

    public void Dispose()
    {
    }
}
