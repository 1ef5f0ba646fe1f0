using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Running;

namespace CoLlm.Training.Tests.Running;

public sealed class TrainerTests
{
    [Fact]
    public void Run_CopyTask_LearnsItNearlyPerfectly()
    {
        using ComputeContext compute = new(2);
        TrainableModel model = ModelWeights.Initialize(TinyModels.Llama with { HiddenSize = 32, HeadDim = 8, FeedForwardSize = 64 }, seed: 1);
        TrainingOptions options = new() { LearningRate = 6e-3, Epochs = 40, BatchSequences = 32, Optimizer = new() { Beta2 = 0.98f } };
        TrainerState state = new(model, theta: null, options);
        List<TrainingProgress> seen = [];

        new Trainer(compute, state, options, TinyModels.Vocabulary, TimeProvider.System).Run(CopyTask(512), new Collect(seen), null, CancellationToken.None);

        Assert.True(seen[0].Loss > 2.5, $"It began at a loss of {seen[0].Loss}.");
        Assert.True(seen[^1].Loss < 0.05, $"It ended at a loss of {seen[^1].Loss}.");
        Assert.Equal(seen[^1].TotalSteps, seen[^1].Step);
        Assert.Equal(TimeSpan.Zero, seen[^1].Remaining);
    }

    [Fact]
    public void Run_ExpertKnowsHalfOfTheTokens_HeadLearnsWhere()
    {
        using ComputeContext compute = new(2);
        TrainableModel model = TinyModels.Lively(TinyModels.Llama);
        for (int id = 0; id < TinyModels.Vocabulary; id++)
            model.Embedding.Value.Span[id * TinyModels.Llama.HiddenSize] = id % 2 == 0 ? 8 : -8;
        Parameter theta = new("theta", 1, TinyModels.Llama.HiddenSize);
        TrainingOptions options = new() { Scope = TrainingScope.HeadOnly, LearningRate = 5e-2, Epochs = 60, BatchSequences = 8, ClipNorm = 0 };
        TrainerState state = new(model, theta, options);
        List<TrainingProgress> seen = [];
        // After an even token the expert is sure of the next one; after an odd one it finds it impossible.
        TrainingSequence[] sequences = [.. TinyModels.Sequences(1, lengths: [.. Enumerable.Repeat(20, 32)]).Select(sequence => sequence with
        {
            ExpertLogProbs = [[.. sequence.TokenIds[..^1].Select(id => id % 2 == 0 ? -0.01f : -40f)]],
        })];

        new Trainer(compute, state, options, TinyModels.Vocabulary, TimeProvider.System).Run(sequences, new Collect(seen), null, CancellationToken.None);

        Assert.True(seen[^1].Loss < 0.8 * seen[0].Loss, $"The loss went from {seen[0].Loss} to {seen[^1].Loss}.");
        Assert.InRange(seen[^1].DeferralRate, 0.3, 0.7);
    }

    [Fact]
    public void Run_HeadRateFactor_SpeedsUpTheHeadAlone()
    {
        (float headSlow, float weightSlow) = FirstChange(factor: 1);
        (float headFast, float weightFast) = FirstChange(factor: 10);

        Assert.Equal(weightSlow, weightFast);
        Assert.Equal(10, headFast / headSlow, 0.05);
    }

    [Fact]
    public void Run_Cancelled_StopsBeforeTheNextStep()
    {
        using ComputeContext compute = new(1);
        TrainerState state = new(TinyModels.Lively(TinyModels.Llama), TinyModels.Theta(1), TrainingRun.Options);
        using CancellationTokenSource cancellation = new();
        cancellation.Cancel();

        Assert.Throws<OperationCanceledException>(() =>
            new Trainer(compute, state, TrainingRun.Options, TinyModels.Vocabulary, TimeProvider.System).Run(TrainingRun.Sequences, null, null, cancellation.Token));
        Assert.Equal(0, state.Optimizer.StepCount);
    }

    [Fact]
    public void Constructor_HeadOnlyWithoutExpert_IsRefused()
    {
        var error = Assert.Throws<TrainingException>(() =>
            new TrainerState(TinyModels.Lively(TinyModels.Llama), theta: null, new TrainingOptions { Scope = TrainingScope.HeadOnly }));

        Assert.Equal("Training the swap head alone needs an expert to defer to; plain language modelling has none.", error.Message);
    }

    [Fact]
    public void Run_HugeLearningRate_SaysSoInsteadOfWritingNonsense()
    {
        TrainingOptions options = TrainingRun.Options with { LearningRate = 10, ClipNorm = 0, Epochs = 400, CheckpointEverySteps = 0, WarmupShare = 0 };
        using ComputeContext compute = new(1);
        TrainerState state = new(TinyModels.Lively(TinyModels.Llama), TinyModels.Theta(1), options);
        state.Model.OutputWeight.Value.Span[0] = float.NaN;

        var error = Assert.Throws<TrainingException>(() =>
            new Trainer(compute, state, options, TinyModels.Vocabulary, TimeProvider.System).Run(TrainingRun.Sequences, null, null, CancellationToken.None));

        Assert.Equal("The gradient of step 1 is not finite; the learning rate 10 is probably too high.", error.Message);
    }

    private static (float Head, float Weight) FirstChange(double factor)
    {
        using ComputeContext compute = new(1);
        TrainingOptions options = new() { Epochs = 1, LearningRate = 1e-3, HeadRateFactor = factor, WarmupShare = 0 };
        TrainerState state = new(TinyModels.Lively(TinyModels.Llama), TinyModels.Theta(1), options);
        float head = state.Theta!.Value.Span[0];
        float weight = state.Model.OutputWeight.Value.Span[0];
        new Trainer(compute, state, options, TinyModels.Vocabulary, TimeProvider.System).Run(TrainingRun.Sequences, null, null, CancellationToken.None);
        return (state.Theta.Value.Span[0] - head, state.Model.OutputWeight.Value.Span[0] - weight);
    }

    // Six random tokens, a separator, the same six again; only the second half counts.
    private static TrainingSequence[] CopyTask(int count)
    {
        SeededRandom random = new(4);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int[] word = [.. Enumerable.Range(0, 6).Select(_ => 1 + random.NextIndex(12))];
            int[] ids = [.. word, 0, .. word];
            return new TrainingSequence(ids, [.. Enumerable.Range(0, ids.Length - 1).Select(t => t >= word.Length)], []);
        })];
    }

    private sealed class Collect(List<TrainingProgress> seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen.Add(value);
    }
}
