using CoLlm.Training.Losses;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;

namespace CoLlm.Training.Tests.Losses;

/// <summary>The swap head's start on frozen hidden states against the reference implementation.</summary>
public sealed class GoldenHeadInitialisationTests
{
    [Fact]
    public void MeanOutputEmbedding_GoldenModel_IsTheReferencesTheta()
    {
        using GoldenTraining golden = new();

        float[] mean = ThetaStart.MeanOutputEmbedding(golden.Model.OutputWeight);

        Near.All(golden.Tensors["bce.theta0"], [.. mean.Select(value => (double)value)], 1e-6);
    }

    [Fact]
    public void Compute_GoldenLabels_GivesTheReferencesLossGradientAndStep()
    {
        using GoldenTraining golden = new();
        PackedBatch batch = new([golden.MarginalSequence], expertCount: 1);
        ThetaStart.MeanOutputEmbedding(golden.Model.OutputWeight).CopyTo(golden.Theta.Value.Span);
        bool[] labels = [.. GoldenTraining.Integers(golden.BceInit.GetProperty("labels")).Select(label => label == 1)];
        golden.Model.Forward(golden.Compute, batch);

        double loss = new BinaryHeadLoss(golden.Theta, 8).Compute(golden.Compute, golden.Model.Hidden, 32, labels, 1.0 / 32) / 32;

        Assert.Equal(golden.BceInit.GetProperty("loss").GetDouble(), loss, 5e-6);
        Near.Gradient(golden.Tensors["bce.grad.theta"], golden.Theta.Gradient!.Span, "theta");
        new AdamW([golden.Theta], new AdamWOptions()).Step(golden.Compute, 2e-5f);
        Near.All(golden.Tensors["bce.theta_after1"], [.. golden.Theta.Value.Span.ToArray().Select(value => (double)value)], 1e-6);
    }
}
