using System.Numerics.Tensors;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>The gated feed-forward half of a decoder layer: <c>x + down(silu(gate(n)) * up(n))</c> with n the normed input.</summary>
internal sealed unsafe class FeedForwardBlock(Norm norm, Projection gate, Projection up, Projection down)
{
    public FeedForwardActivations Activations { get; } = new();

    public IEnumerable<Projection> Projections => [gate, up, down];

    public IEnumerable<Parameter> Parameters => [norm.Weight, .. Projections.SelectMany(projection => projection.Parameters)];

    /// <summary>Reads <see cref="FeedForwardActivations.Input"/> and writes the layer's output on the residual stream.</summary>
    public void Forward(ComputeContext compute, int rows, FloatBlock output)
    {
        FeedForwardActivations at = Activations;
        norm.Forward(compute, at.Input, rows, at.Normed, at.Scales);
        gate.Forward(compute, at.Normed, rows, at.Gate);
        up.Forward(compute, at.Normed, rows, at.Up);
        int width = gate.OutputSize;
        compute.ForRows(rows, row =>
        {
            int first = row * width;
            SwiGluKernel.Forward(at.Gate.Data + first, at.Up.Data + first, at.Activated.Data + first, width);
        });
        down.Forward(compute, at.Activated, rows, output);
        int hidden = down.OutputSize;
        compute.ForRows(rows, row =>
        {
            Span<float> target = output.Span.Slice(row * hidden, hidden);
            TensorPrimitives.Add(target, at.Input.Span.Slice(row * hidden, hidden), target);
        });
    }

    /// <summary>Turns the gradient of the output on the residual stream into that of the input, in place.</summary>
    public void Backward(ComputeContext compute, int rows, BackwardMemory memory, FloatBlock gradient)
    {
        FeedForwardActivations at = Activations;
        down.Backward(compute, at.Activated, gradient, rows, memory.Activated, accumulateInput: false);
        int width = gate.OutputSize;
        compute.ForRows(rows, row =>
        {
            int first = row * width;
            SwiGluKernel.Backward(at.Gate.Data + first, at.Up.Data + first, memory.Activated.Data + first, width);
        });
        gate.Backward(compute, at.Normed, at.Gate, rows, memory.Normed, accumulateInput: false);
        up.Backward(compute, at.Normed, at.Up, rows, memory.Normed, accumulateInput: true);
        norm.Backward(compute, at.Input, at.Scales, memory.Normed, rows, gradient, accumulateInput: true);
    }
}
