using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Running;
using CoLlm.Training.Tests;

namespace CoLlm.Training.Torch.Tests;

/// <summary>The same run on the processor and on a device: the same losses and the same weights, up to rounding.</summary>
public sealed class TorchTrainingTests
{
    private static readonly string Device = Environment.GetEnvironmentVariable("COLLM_TEST_DEVICE") ?? "torch:cpu";

    private static readonly TrainingOptions Options = new()
    {
        LearningRate = 3e-3,
        Epochs = 2,
        BatchSequences = 3,
        MaxRowsPerPass = 40,
        ClipNorm = 0.5,
        CheckpointEverySteps = 0,
        ThreadCount = 2,
        Seed = 21,
        HeadRateFactor = 2,
        DevicePrecision = DevicePrecision.Float32,
        Optimizer = new() { WeightDecay = 0.1f },
    };

    public static TheoryData<string, int, TrainingScope> Runs => new()
    {
        { nameof(TinyModels.Llama), 1, TrainingScope.Full },
        { nameof(TinyModels.Qwen2), 2, TrainingScope.Full },
        { nameof(TinyModels.Qwen3), 0, TrainingScope.Full },
        { nameof(TinyModels.Mistral), 1, TrainingScope.Lora },
        { nameof(TinyModels.Llama), 1, TrainingScope.HeadOnly },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public void Run_InSinglePrecision_GivesTheProcessorsLossesAndWeights(string model, int experts, TrainingScope scope)
    {
        TrainingOptions options = Options with { Scope = scope };
        (List<TrainingProgress> expected, float[][] expectedWeights) = Train(TinyModels.Named(model), experts, options);
        (List<TrainingProgress> actual, float[][] actualWeights) = Train(TinyModels.Named(model), experts, options with { Device = Device });

        Assert.Equal(expected.Count, actual.Count);
        foreach ((TrainingProgress on, TrainingProgress off) in expected.Zip(actual))
        {
            Assert.Equal(on.Loss, off.Loss, 1e-4 * on.Loss);
            Assert.Equal(on.BaseLoss, off.BaseLoss, 1e-4 * on.BaseLoss);
            Assert.Equal(on.MeanDeferralProbability, off.MeanDeferralProbability, 1e-4);
            Assert.Equal(on.GradientNorm, off.GradientNorm, 1e-3 * on.GradientNorm);
        }

        Assert.All(expectedWeights.Zip(actualWeights), pair => Assert.InRange(Distance(pair.First, pair.Second), 0, 1e-3));
    }

    [Fact]
    public void Run_InBfloat16_LearnsAsTheProcessorDoes()
    {
        TrainingOptions options = Options with { Epochs = 12, LearningRate = 1e-2, DevicePrecision = DevicePrecision.Bfloat16 };
        List<TrainingProgress> expected = Train(TinyModels.Llama, 1, options).Progress;
        List<TrainingProgress> actual = Train(TinyModels.Llama, 1, options with { Device = Device }).Progress;
        Assert.InRange(actual[0].Loss / expected[0].Loss, 0.97, 1.03);
        Assert.InRange(actual[^1].Loss / expected[^1].Loss, 0.85, 1.15);
        Assert.True(actual[^1].Loss < 0.8 * actual[0].Loss, $"The loss went from {actual[0].Loss} to {actual[^1].Loss}.");
    }

    private static (List<TrainingProgress> Progress, float[][] Weights) Train(ModelConfig config, int experts, TrainingOptions options)
    {
        using ComputeContext compute = new(options.ThreadCount);
        TrainerState state = new(TinyModels.Lively(config), experts == 0 ? null : TinyModels.Theta(experts), options);
        List<TrainingProgress> seen = [];
        TrainingSequence[] sequences = TinyModels.Sequences(experts, lengths: [19, 7, 12, 25, 9, 14, 22, 6]);
        if (experts > 0)
            sequences[0].ExpertLogProbs[0][3] = float.NegativeInfinity;
        using ITrainingDevice device = TrainingDevices.Open(compute, state, options, TinyModels.Vocabulary);
        new Trainer(device, state, options, TimeProvider.System).Run(sequences, new Collect(seen), null, CancellationToken.None);
        return (seen, [.. state.Parameters.Select(parameter => parameter.Value.Span.ToArray())]);
    }

    /// <summary>Euclidean distance over the length of the expected weights.</summary>
    private static double Distance(float[] expected, float[] actual) =>
        Math.Sqrt(expected.Zip(actual, (e, a) => Math.Pow((double)e - a, 2)).Sum() / expected.Sum(e => (double)e * e));

    private sealed class Collect(List<TrainingProgress> seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen.Add(value);
    }
}
