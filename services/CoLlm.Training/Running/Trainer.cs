using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;

namespace CoLlm.Training.Running;

/// <summary>
/// The training loop. 1 take the step's sequences; 2 accumulate losses and gradients pass by pass; 3 clip; 4 step; 5 report;
/// 6 write a checkpoint now and then, and at the end; 7 leave the weights in the state.
/// </summary>
internal sealed class Trainer(ITrainingDevice device, TrainerState state, TrainingOptions options, TimeProvider time)
{
    /// <summary>Trains on the processor.</summary>
    public Trainer(ComputeContext compute, TrainerState state, TrainingOptions options, int columnCount, TimeProvider time)
        : this(new HostDevice(compute, state, columnCount), state, options, time)
    {
    }

    /// <summary>Name of the stage in progress reports.</summary>
    public string Stage { get; init; } = "train";

    /// <summary>Where the run starts: zero, or what a checkpoint says.</summary>
    public int FirstStep { get; init; }

    /// <summary>Trains to the end of the plan; after a checkpoint step <paramref name="onCheckpoint"/> is called with the steps done.</summary>
    public void Run(
        IReadOnlyList<TrainingSequence> sequences, IProgress<TrainingProgress>? progress, Action<int>? onCheckpoint, CancellationToken cancellationToken)
    {
        BatchPlan plan = new(sequences.Count, options.BatchSequences, options.Epochs, options.Seed);
        LearningRateSchedule schedule = new(options.LearningRate, (int)Math.Ceiling(options.WarmupShare * plan.TotalSteps), plan.TotalSteps);
        state.Optimizer.StepCount = FirstStep;
        long start = time.GetTimestamp();
        long rows = 0;
        for (int step = FirstStep; step < plan.TotalSteps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TrainingSequence[] batch = Pick(sequences, plan.SequencesOf(step)); // 1
            LossTotals totals = Accumulate(batch); // 2
            double norm = device.GradientNorm(); // 3
            if (!double.IsFinite(norm))
                throw new TrainingException($"The gradient of step {step + 1} is not finite; the learning rate {options.LearningRate} is probably too high.");
            float factor = options.ClipNorm > 0 && norm > options.ClipNorm ? (float)(options.ClipNorm / norm) : 1;
            device.Step(schedule.At(step), factor); // 4
            rows += batch.Sum(sequence => sequence.RowCount);
            TimeSpan elapsed = time.GetElapsedTime(start);
            progress?.Report(Report(step + 1, plan.TotalSteps, totals, norm, schedule.At(step), rows, elapsed)); // 5
            if (options.CheckpointEverySteps > 0 && ((step + 1) % options.CheckpointEverySteps == 0 || step + 1 == plan.TotalSteps))
            {
                device.Download();
                onCheckpoint?.Invoke(step + 1); // 6
            }
        }

        device.Download(); // 7
    }

    private LossTotals Accumulate(TrainingSequence[] batch)
    {
        double scale = 1.0 / Math.Max(1, batch.Sum(sequence => sequence.TargetCount));
        LossTotals totals = default;
        foreach (List<TrainingSequence> pass in BatchPlan.Passes(batch, sequence => sequence.RowCount, options.MaxRowsPerPass))
            totals += device.Accumulate(new PackedBatch(pass, state.Theta?.Shape[0] ?? 0), scale);
        return totals;
    }

    private TrainingProgress Report(int step, int totalSteps, LossTotals totals, double norm, double rate, long rows, TimeSpan elapsed)
    {
        int targets = Math.Max(1, totals.TargetCount);
        return new TrainingProgress(
            Stage, step, totalSteps, totals.MeanLoss, totals.BaseLossSum / targets, (double)totals.DeferralCount / targets, totals.DeferralSum / targets,
            norm, rate, rows / Math.Max(1e-9, elapsed.TotalSeconds), elapsed / (step - FirstStep) * (totalSteps - step));
    }

    private static TrainingSequence[] Pick(IReadOnlyList<TrainingSequence> sequences, ReadOnlySpan<int> indexes)
    {
        TrainingSequence[] picked = new TrainingSequence[indexes.Length];
        for (int i = 0; i < picked.Length; i++)
            picked[i] = sequences[indexes[i]];
        return picked;
    }
}
