using System.Numerics.Tensors;
using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;
using CoLlm.Training.Running;

namespace CoLlm.Training.Pipeline;

/// <summary>
/// Gives the swap head its start: the language model frozen, theta from the mean output embedding, binary cross entropy on the
/// pseudo-labels. Hidden states are computed once and kept.
/// </summary>
internal sealed class HeadFitter(ComputeContext compute, TrainableModel model, HeadFitOptions options, int maxRowsPerPass, ulong seed)
{
    /// <summary>Hidden states kept, in floats: 1 GiB. Sequences beyond are left out of the fit.</summary>
    internal const long MaxKeptFloats = 1L << 28;

    private readonly int _width = model.Config.HiddenSize;

    /// <summary>Fits theta, <c>[experts, hidden]</c>.</summary>
    /// <param name="sequences">All sequences.</param>
    /// <param name="labels">Per sequence <c>[tokens that count, experts]</c>.</param>
    /// <param name="expertCount">Rows of theta.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public (Parameter Theta, HeadFitReport Report) Fit(
        IReadOnlyList<TrainingSequence> sequences, IReadOnlyList<bool[]> labels, int expertCount,
        IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        int kept = KeptSequences(sequences);
        (FloatBlock hidden, int[] firstRows) = HiddenStates(sequences, kept, cancellationToken);
        Parameter theta = new("swap_head.theta", expertCount, _width);
        float[] start = ThetaStart.MeanOutputEmbedding(model.OutputWeight);
        for (int expert = 0; expert < expertCount; expert++)
            start.CopyTo(theta.Value.Span[(expert * _width)..]);
        theta.Train();
        AdamW optimizer = new([theta], new AdamWOptions());
        BatchPlan plan = new(kept, options.BatchSequences, options.Epochs, seed);
        LearningRateSchedule schedule = new(options.LearningRate, 0, plan.TotalSteps);
        BinaryHeadLoss loss = new(theta, options.PositiveWeight);
        double last = 0;
        for (int step = 0; step < plan.TotalSteps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (FloatBlock rows, bool[] targets) = Gather(hidden, firstRows, sequences, labels, plan.SequencesOf(step), expertCount);
            int count = targets.Length / expertCount;
            last = loss.Compute(compute, rows, count, targets, 1.0 / count) / count;
            optimizer.Step(compute, schedule.At(step));
            progress?.Report(new TrainingProgress("head", step + 1, plan.TotalSteps, last, 0, 0, 0, 0, schedule.At(step), 0, TimeSpan.Zero));
        }

        return (theta, Report(theta, hidden, firstRows[kept], labels, kept, expertCount, last));
    }

    private int KeptSequences(IReadOnlyList<TrainingSequence> sequences)
    {
        long floats = 0;
        int kept = 0;
        while (kept < sequences.Count && (floats += (long)sequences[kept].TargetCount * _width) <= MaxKeptFloats)
            kept++;
        return Math.Max(1, kept);
    }

    private (FloatBlock Hidden, int[] FirstRows) HiddenStates(IReadOnlyList<TrainingSequence> sequences, int kept, CancellationToken cancellationToken)
    {
        int[] firstRows = new int[kept + 1];
        for (int i = 0; i < kept; i++)
            firstRows[i + 1] = firstRows[i] + sequences[i].TargetCount;
        FloatBlock hidden = new(checked(firstRows[kept] * _width));
        int row = 0;
        foreach (List<TrainingSequence> pass in BatchPlan.Passes(sequences.Take(kept), sequence => sequence.RowCount, maxRowsPerPass))
        {
            cancellationToken.ThrowIfCancellationRequested();
            PackedBatch batch = new(pass, 0);
            model.Forward(compute, batch);
            foreach (int target in batch.TargetRows)
                model.Hidden.Span.Slice(target * _width, _width).CopyTo(hidden.Span.Slice(row++ * _width, _width));
        }

        return (hidden, firstRows);
    }

    private (FloatBlock Rows, bool[] Labels) Gather(
        FloatBlock hidden, int[] firstRows, IReadOnlyList<TrainingSequence> sequences, IReadOnlyList<bool[]> labels, ReadOnlySpan<int> picked, int expertCount)
    {
        int count = 0;
        foreach (int sequence in picked)
            count += sequences[sequence].TargetCount;
        FloatBlock rows = new(count * _width);
        bool[] targets = new bool[count * expertCount];
        int row = 0;
        foreach (int sequence in picked)
        {
            int length = sequences[sequence].TargetCount;
            hidden.Span.Slice(firstRows[sequence] * _width, length * _width).CopyTo(rows.Span[(row * _width)..]);
            labels[sequence].CopyTo(targets.AsSpan(row * expertCount));
            row += length;
        }

        return (rows, targets);
    }

    private HeadFitReport Report(Parameter theta, FloatBlock hidden, int rows, IReadOnlyList<bool[]> labels, int kept, int expertCount, double loss)
    {
        RocCurve?[] curves = new RocCurve?[expertCount];
        for (int expert = 0; expert < expertCount; expert++)
        {
            float[] scores = new float[rows];
            int at = expert;
            compute.ForRows(rows, row => scores[row] = Sigmoid(
                TensorPrimitives.Dot(theta.Value.Span.Slice(at * _width, _width), hidden.Span.Slice(row * _width, _width))));
            bool[] positive = [.. labels.Take(kept).SelectMany(sequence => sequence.Where((_, i) => i % expertCount == at))];
            curves[expert] = RocCurve.Of(scores, positive);
        }

        return new HeadFitReport(rows, loss, curves);
    }

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));
}
