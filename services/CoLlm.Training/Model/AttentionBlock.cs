using System.Numerics.Tensors;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>The attention half of a decoder layer: <c>x + o(attention(q(n), k(n), v(n)))</c> with n the normed input.</summary>
internal sealed unsafe class AttentionBlock(
    AttentionShape shape, Norm norm, Projection query, Projection key, Projection value, Projection output, RotaryTable rotary)
{
    /// <summary>The norm of every query head; null where the model has none.</summary>
    public Norm? QueryNorm { get; init; }

    public Norm? KeyNorm { get; init; }

    public AttentionActivations Activations { get; } = new();

    public IEnumerable<Projection> Projections => [query, key, value, output];

    public IEnumerable<Parameter> Parameters
    {
        get
        {
            yield return norm.Weight;
            foreach (Parameter parameter in Projections.SelectMany(projection => projection.Parameters))
                yield return parameter;
            if (QueryNorm is not null)
                yield return QueryNorm.Weight;
            if (KeyNorm is not null)
                yield return KeyNorm.Weight;
        }
    }

    /// <summary>Reads <see cref="AttentionActivations.Input"/> and writes the residual stream after the block.</summary>
    public void Forward(ComputeContext compute, PackedBatch batch, FloatBlock result)
    {
        AttentionActivations at = Activations;
        int rows = batch.RowCount;
        norm.Forward(compute, at.Input, rows, at.Normed, at.Scales);
        query.Forward(compute, at.Normed, rows, QueryNorm is null ? at.Q : at.RawQ);
        key.Forward(compute, at.Normed, rows, KeyNorm is null ? at.K : at.RawK);
        value.Forward(compute, at.Normed, rows, at.V);
        QueryNorm?.Forward(compute, at.RawQ, rows * shape.HeadCount, at.Q, at.ScalesQ);
        KeyNorm?.Forward(compute, at.RawK, rows * shape.KeyValueHeadCount, at.K, at.ScalesK);
        rotary.Rotate(compute, batch, at.Q, shape.HeadCount, direction: 1);
        rotary.Rotate(compute, batch, at.K, shape.KeyValueHeadCount, direction: 1);
        ForSequencesAndGroups(compute, batch, (memory, first, length, group) =>
        {
            AttentionValues from = ValuesAt(first);
            AttentionKernel.Forward(shape, memory, length, group, from.Q, from.K, from.V, from.Output, from.LogSum);
        });
        output.Forward(compute, at.Output, rows, result);
        int hidden = output.OutputSize;
        compute.ForRows(rows, row =>
        {
            Span<float> target = result.Span.Slice(row * hidden, hidden);
            TensorPrimitives.Add(target, at.Input.Span.Slice(row * hidden, hidden), target);
        });
    }

    /// <summary>Turns the gradient after the block into that of its input, in place.</summary>
    public void Backward(ComputeContext compute, PackedBatch batch, BackwardMemory memory, FloatBlock gradient)
    {
        AttentionActivations at = Activations;
        int rows = batch.RowCount;
        output.Backward(compute, at.Output, gradient, rows, memory.Output, accumulateInput: false);
        memory.K.Span[..(rows * shape.KeyValueWidth)].Clear();
        memory.V.Span[..(rows * shape.KeyValueWidth)].Clear();
        ForSequencesAndGroups(compute, batch, (scratch, first, length, group) =>
            AttentionKernel.Backward(shape, scratch, length, group, ValuesAt(first), GradientsAt(memory, first)));
        rotary.Rotate(compute, batch, memory.Q, shape.HeadCount, direction: -1);
        rotary.Rotate(compute, batch, memory.K, shape.KeyValueHeadCount, direction: -1);
        QueryNorm?.Backward(compute, at.RawQ, at.ScalesQ, memory.Q, rows * shape.HeadCount, memory.Q, accumulateInput: false);
        KeyNorm?.Backward(compute, at.RawK, at.ScalesK, memory.K, rows * shape.KeyValueHeadCount, memory.K, accumulateInput: false);
        query.Backward(compute, at.Normed, memory.Q, rows, memory.Normed, accumulateInput: false);
        key.Backward(compute, at.Normed, memory.K, rows, memory.Normed, accumulateInput: true);
        value.Backward(compute, at.Normed, memory.V, rows, memory.Normed, accumulateInput: true);
        norm.Backward(compute, at.Input, at.Scales, memory.Normed, rows, gradient, accumulateInput: true);
    }

    private AttentionValues ValuesAt(int row) => new(
        Activations.Q.Data + ((long)row * shape.QueryWidth),
        Activations.K.Data + ((long)row * shape.KeyValueWidth),
        Activations.V.Data + ((long)row * shape.KeyValueWidth),
        Activations.Output.Data + ((long)row * shape.QueryWidth),
        Activations.LogSum.Data + ((long)row * shape.HeadCount));

    private AttentionGradients GradientsAt(BackwardMemory memory, int row) => new(
        memory.Output.Data + ((long)row * shape.QueryWidth),
        memory.Q.Data + ((long)row * shape.QueryWidth),
        memory.K.Data + ((long)row * shape.KeyValueWidth),
        memory.V.Data + ((long)row * shape.KeyValueWidth));

    // One item per sequence and key/value head: nothing is shared between items, so nothing needs an order.
    private void ForSequencesAndGroups(ComputeContext compute, PackedBatch batch, Action<AttentionMemory, int, int, int> body) =>
        compute.Pool.Run(batch.Spans.Length * shape.KeyValueHeadCount, (worker, item) =>
        {
            (int first, int length) = batch.Spans[item / shape.KeyValueHeadCount];
            body(compute.AttentionMemories[worker], first, length, item % shape.KeyValueHeadCount);
        });
}
