using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Running;

namespace CoLlm.Training.Tests.Running;

/// <summary>A small training run that can be cut off after any step and continued from its checkpoints.</summary>
internal static class TrainingRun
{
    public static TrainingOptions Options { get; } = new()
    {
        LearningRate = 3e-3,
        Epochs = 3,
        BatchSequences = 3,
        MaxRowsPerPass = 40,
        ClipNorm = 0.5,
        CheckpointEverySteps = 2,
        ThreadCount = 2,
        Seed = 21,
    };

    public static TrainingSequence[] Sequences { get; } = TinyModels.Sequences(1, lengths: [19, 7, 12, 25, 9, 14, 22, 6]);

    /// <summary>Trains from wherever the checkpoints in <paramref name="folder"/> stand; null: without checkpoints.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="folder">Checkpoints, beside a <c>config.json</c>.</param>
    /// <param name="killAfterStep">Ends the run with a <see cref="KilledException"/> when that many steps are done.</param>
    public static float[][] Run(TrainingOptions options, string? folder = null, int killAfterStep = int.MaxValue)
    {
        using ComputeContext compute = new(options.ThreadCount);
        TrainerState state = new(TinyModels.Lively(TinyModels.Llama), TinyModels.Theta(1), options);
        CheckpointStore? store = folder is null ? null : new CheckpointStore(Path.Combine(folder, "checkpoints"), Path.Combine(folder, "config.json"), "same");
        Trainer trainer = new(compute, state, options, TinyModels.Vocabulary, TimeProvider.System) { FirstStep = store?.Restore(state) ?? 0 };
        trainer.Run(Sequences, new KillAfter(killAfterStep), step => store?.Write(state, step), CancellationToken.None);
        return [.. state.Parameters.Select(parameter => parameter.Value.Span.ToArray())];
    }

    /// <summary>Stands for the end of the process.</summary>
    internal sealed class KilledException : Exception;

    private sealed class KillAfter(int step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step)
                throw new KilledException();
        }
    }
}
