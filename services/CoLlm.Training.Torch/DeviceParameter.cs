using CoLlm.Inference.Torch.Weights;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;
using static TorchSharp.torch;

namespace CoLlm.Training.Torch;

/// <summary>
/// One tensor on the device: the master in single precision, the weights that are computed with, and for a trained one its gradient and
/// moments in single precision, because small steps round away in anything narrower.
/// </summary>
internal sealed class DeviceParameter : IDisposable
{
    private readonly TensorBag _bag = new();
    private readonly AdamWState? _state;
    private readonly Tensor _master;
    private readonly Tensor? _gradient;
    private readonly Tensor? _mean;
    private readonly Tensor? _variance;

    /// <param name="parameter">The tensor on the host.</param>
    /// <param name="state">Its moments there; null where it is frozen.</param>
    /// <param name="type">Format to compute in.</param>
    /// <param name="device">Where.</param>
    public DeviceParameter(Parameter parameter, AdamWState? state, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        Parameter = parameter;
        _state = state;
        long[] shape = [.. parameter.Shape.Select(extent => (long)extent)];
        _master = Upload(parameter.Value.Span, shape, device);
        Weights = type == ScalarType.Float32 ? _master : _bag.Keep(_master.to(type));
        if (state is null)
            return;
        Weights.requires_grad_(true);
        _gradient = _bag.Keep(zeros(shape, ScalarType.Float32, device));
        _mean = Upload(state.Mean.Span, shape, device);
        _variance = Upload(state.Variance.Span, shape, device);
    }

    public Parameter Parameter { get; }

    public bool IsTrained => _state is not null;

    /// <summary>What the model is computed with.</summary>
    public Tensor Weights { get; }

    /// <summary>The sum of all gradients since the last step; null where the tensor is frozen.</summary>
    public Tensor? Gradient => _gradient;

    /// <summary>Moves what the last backward pass left into the sum.</summary>
    public void CollectGradient()
    {
        if (_gradient is null || Weights.grad is not { } gradient)
            return;
        _gradient.add_(gradient);
        Weights.grad = null;
    }

    /// <summary>One step of AdamW, and a gradient of zero.</summary>
    public void Step(StepFactors factors, AdamWOptions options)
    {
        if (_state is null)
            return;
        using var scope = NewDisposeScope();
        Tensor gradient = _gradient!.mul_(factors.Gradient);
        _mean!.mul_(options.Beta1).add_(gradient, 1 - options.Beta1);
        _variance!.mul_(options.Beta2).addcmul_(gradient, gradient, 1 - options.Beta2);
        Tensor deviation = _variance.sqrt().mul_(factors.VarianceCorrection).add_(options.Epsilon);
        float rate = factors.LearningRate * _state.RateFactor;
        _master.mul_(1 - (rate * options.WeightDecay)).addcdiv_(_mean, deviation, -rate / factors.MeanCorrection);
        gradient.zero_();
        if (!ReferenceEquals(Weights, _master))
            Weights.copy_(_master);
    }

    /// <summary>Brings weights and moments back to the host.</summary>
    public void Download()
    {
        if (_state is null)
            return;
        HostCopy.Down(_master, Parameter.Value.Span);
        HostCopy.Down(_mean!, _state.Mean.Span);
        HostCopy.Down(_variance!, _state.Variance.Span);
    }

    public void Dispose() => _bag.Dispose();

    private Tensor Upload(ReadOnlySpan<float> values, long[] shape, Device device)
    {
        Tensor tensor = _bag.Keep(empty(shape, ScalarType.Float32, device));
        HostCopy.Up(values, tensor);
        return tensor;
    }
}

/// <summary>What a step's update of every parameter has in common.</summary>
/// <param name="Gradient">Clipping.</param>
/// <param name="LearningRate">Before a parameter's own factor.</param>
/// <param name="MeanCorrection">One less beta1 to the number of steps.</param>
/// <param name="VarianceCorrection">One over the root of one less beta2 to the number of steps.</param>
internal readonly record struct StepFactors(float Gradient, float LearningRate, float MeanCorrection, float VarianceCorrection);
