using CoLlm.Training.Kernels;
using CoLlm.Training.Model;

namespace CoLlm.Training.Optimization;

/// <summary>One parameter's moments.</summary>
internal sealed class AdamWState(Parameter parameter)
{
    public Parameter Parameter { get; } = parameter;

    /// <summary>Multiplies every step's learning rate.</summary>
    public float RateFactor { get; set; } = 1;

    /// <summary>Running mean of the gradient.</summary>
    public FloatBlock Mean { get; } = new(parameter.Value.Length);

    /// <summary>Running mean of its square.</summary>
    public FloatBlock Variance { get; } = new(parameter.Value.Length);
}
