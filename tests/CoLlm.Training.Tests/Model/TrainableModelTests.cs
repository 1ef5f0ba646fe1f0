using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Golden;
using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Tests.Model;

public sealed class TrainableModelTests
{
    public static TheoryData<string> Names => [.. GoldenModel.Names.Where(name => name != "co-llm-tiny")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_GoldenCheckpoint_GivesTheReferencesLogProbabilities(string name)
    {
        using GoldenModel golden = GoldenModel.Open(name);
        using Checkpoint checkpoint = Checkpoint.Open(golden.ModelDirectory);
        using ComputeContext compute = new(2);
        TrainingPass pass = new(compute, ModelWeights.Load(checkpoint), theta: null);

        TokenLosses losses = pass.Evaluate(new PackedBatch([TrainingSequence.Whole(golden.SequenceIds)], expertCount: 0));

        GoldenTolerance.AssertClose(golden.Tensor("seq64.gold_logprob"), Floats(losses.BaseLogProb), GoldenTolerance.LogProbability, "gold");
        GoldenTolerance.AssertClose(golden.Tensor("seq64.max_logprob"), Floats(losses.MaxLogProb), GoldenTolerance.LogProbability, "max");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_LongPrompt_GivesTheReferencesLastHiddenState(string name)
    {
        using GoldenModel golden = GoldenModel.Open(name);
        using Checkpoint checkpoint = Checkpoint.Open(golden.ModelDirectory);
        using ComputeContext compute = new(2);
        TrainableModel model = ModelWeights.Load(checkpoint);
        int[] ids = golden.PromptIds("long");

        model.Forward(compute, new PackedBatch([TrainingSequence.Whole([.. ids, 0])], expertCount: 0));

        int hidden = checkpoint.Config.HiddenSize;
        GoldenTolerance.AssertClose(golden.Tensor("long.last_hidden"), model.Hidden.Span.Slice((ids.Length - 1) * hidden, hidden), GoldenTolerance.HiddenState, "hidden");
    }

    [Fact]
    public void Accumulate_AnyThreadCount_GivesTheSameBits()
    {
        float[][] alone = Gradients(threadCount: 1);

        Assert.Equal(alone, Gradients(threadCount: 2));
        Assert.Equal(alone, Gradients(threadCount: 5));
    }

    [Fact]
    public void Evaluate_SequencesPackedTogether_DoNotSeeEachOther()
    {
        using ComputeContext compute = new(1);
        TrainingPass pass = new(compute, TinyModels.Lively(TinyModels.Llama), TinyModels.Theta(1));
        TrainingSequence[] sequences = TinyModels.Sequences(1, lengths: [9, 130, 2, 25]);

        double[] together = pass.Evaluate(new PackedBatch(sequences, 1)).Loss;

        double[] apart = [.. sequences.SelectMany(sequence => pass.Evaluate(new PackedBatch([sequence], 1)).Loss)];
        Assert.Equal(apart.Length, together.Length);
        Assert.All(apart.Zip(together), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Fact]
    public void Accumulate_BatchInTwoParts_AddsUpToTheWhole()
    {
        using ComputeContext compute = new(2);
        TrainingSequence[] sequences = TinyModels.Sequences(1, lengths: [19, 31, 12, 8]);
        TrainableModel whole = Trained();
        TrainableModel parts = Trained();
        new TrainingPass(compute, whole, TinyModels.Theta(1)).Accumulate(new PackedBatch(sequences, 1), 0.1);

        TrainingPass pass = new(compute, parts, TinyModels.Theta(1));
        pass.Accumulate(new PackedBatch(sequences[..2], 1), 0.1);
        pass.Accumulate(new PackedBatch(sequences[2..], 1), 0.1);

        foreach ((Parameter expected, Parameter actual) in whole.Parameters.Zip(parts.Parameters))
            GoldenTolerance.AssertClose(expected.Gradient!.Span, actual.Gradient!.Span, 2e-5f, expected.Name);
    }

    private static float[][] Gradients(int threadCount)
    {
        using ComputeContext compute = new(threadCount);
        TrainableModel model = Trained();
        Parameter theta = TinyModels.Theta(1);
        theta.Train();
        new TrainingPass(compute, model, theta).Accumulate(new PackedBatch(TinyModels.Sequences(1, lengths: [140, 31, 77, 8]), 1), 0.01);
        return [.. model.Parameters.Append(theta).Select(parameter => parameter.Gradient!.Span.ToArray())];
    }

    private static TrainableModel Trained()
    {
        TrainableModel model = TinyModels.Lively(TinyModels.Qwen3);
        foreach (Parameter parameter in model.Parameters)
            parameter.Train();
        return model;
    }

    private static float[] Floats(double[] values) => [.. values.Select(value => (float)value)];
}
