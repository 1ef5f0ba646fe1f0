using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Tests.Model;

/// <summary>A model that can copy before it has learned anything.</summary>
public sealed class CopyingCircuitTests
{
    private static readonly ModelConfig Config = TinyModels.Llama with
    {
        HiddenSize = 192,
        HeadDim = 32,
        HeadCount = 6,
        KeyValueHeadCount = 3,
        FeedForwardSize = 64,
        VocabularySize = 300,
        TiesEmbeddings = true,
    };

    [Fact]
    public void Seed_SequenceThatRepeatsItself_IsFarLikelierTheSecondTime()
    {
        Assert.InRange(SecondHalf(seedsCopying: false), -7, -5);
        Assert.InRange(SecondHalf(seedsCopying: true), -4.6, 0);
    }

    [Fact]
    public void Seed_SameSeed_GivesTheSameWeights()
    {
        TrainableModel one = ModelWeights.Initialize(Config, seed: 3, seedsCopying: true);
        TrainableModel two = ModelWeights.Initialize(Config, seed: 3, seedsCopying: true);
        Assert.All(one.Parameters.Zip(two.Parameters), pair => Assert.True(pair.First.Value.Span.SequenceEqual(pair.Second.Value.Span)));
    }

    [Fact]
    public void Initialize_ModelTooSmallForIt_IsLeftRandom()
    {
        TrainableModel plain = ModelWeights.Initialize(TinyModels.Llama, seed: 3);
        TrainableModel seeded = ModelWeights.Initialize(TinyModels.Llama, seed: 3, seedsCopying: true);
        Assert.All(plain.Parameters.Zip(seeded.Parameters), pair => Assert.True(pair.First.Value.Span.SequenceEqual(pair.Second.Value.Span)));
    }

    /// <summary>Mean log-probability of the second of two equal runs of distinct random tokens; by chance -5.7.</summary>
    private static double SecondHalf(bool seedsCopying)
    {
        using ComputeContext compute = new(1);
        TrainableModel model = ModelWeights.Initialize(Config, seed: 3, seedsCopying);
        int[] ids = [.. Enumerable.Range(0, Config.VocabularySize)];
        new SeededRandom(9).Shuffle(ids.AsSpan());
        int[] run = ids[..24];
        TokenLosses losses = new TrainingPass(compute, model, theta: null).Evaluate(new PackedBatch([TrainingSequence.Whole([.. run, .. run])], 0));
        return losses.BaseLogProb.Skip(run.Length).Average();
    }
}
