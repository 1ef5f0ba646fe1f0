using System.Text.Json;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;

namespace CoLlm.Training.Tests.Losses;

/// <summary>The marginal loss, its gradients and three optimizer steps against the reference implementation.</summary>
public sealed class GoldenMarginalTests
{
    [Fact]
    public void Accumulate_GoldenSequence_GivesTheReferencesLosses()
    {
        using GoldenTraining golden = new();

        TokenLosses losses = golden.Pass.Accumulate(Batch(golden.MarginalSequence), 1.0 / 32);

        Assert.Equal(golden.Marginal.GetProperty("losses_before_step_1_2_3_and_after_3")[0].GetDouble(), losses.Total().MeanLoss, 5e-6);
        Near.All(golden.Tensors["loss_t"], losses.Loss, 1e-4);
        Near.All(golden.Tensors["logp0"], losses.BaseLogProb, 1e-4);
        Near.All(golden.Tensors["d"], losses.DeferralLogits, 1e-4);
    }

    [Fact]
    public void Accumulate_GoldenSequence_GivesTheReferencesGradients()
    {
        using GoldenTraining golden = new();

        golden.Pass.Accumulate(Batch(golden.MarginalSequence), 1.0 / 32);

        foreach (string name in golden.Tensors.Names.Where(name => name.StartsWith("grad.", StringComparison.Ordinal) && !name.EndsWith(".rows", StringComparison.Ordinal)))
            Near.Gradient(golden.Tensors[name], golden.Named(name["grad.".Length..]).Gradient!.Span, name);
        int[] rows = GoldenTraining.Integers(golden.Marginal.GetProperty("embed_grad_rows"));
        Near.Gradient(golden.Tensors["grad.model.embed_tokens.weight.rows"], Rows(golden.Model.Embedding.Gradient!.Span, rows, 64), "embedding rows");
        int[] others = [.. Enumerable.Range(0, 512).Except(rows)];
        Assert.All(Rows(golden.Model.Embedding.Gradient!.Span, others, 64), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Accumulate_GoldenSequence_MatchesTheFingerprintOfEveryGradient()
    {
        using GoldenTraining golden = new();

        golden.Pass.Accumulate(Batch(golden.MarginalSequence), 1.0 / 32);

        foreach (JsonProperty print in golden.Marginal.GetProperty("grad_fingerprints").EnumerateObject())
        {
            float[] gradient = golden.Named(print.Name).Gradient!.Span.ToArray();
            double length = print.Value.GetProperty("l2").GetDouble();
            Assert.Equal(length, Math.Sqrt(gradient.Sum(value => (double)value * value)), 5e-5 * length);
            Assert.Equal(print.Value.GetProperty("sum").GetDouble(), gradient.Sum(value => (double)value), 5e-5 * length * Math.Sqrt(gradient.Length));
        }
    }

    [Fact]
    public void Step_ThreeTimesOnTheGoldenSequence_GivesTheReferencesWeights()
    {
        using GoldenTraining golden = new();
        AdamW optimizer = new(golden.Parameters, new AdamWOptions { WeightDecay = 0.01f });
        double[] expected = [.. golden.Marginal.GetProperty("losses_before_step_1_2_3_and_after_3").EnumerateArray().Select(loss => loss.GetDouble())];

        for (int step = 0; step < 3; step++)
        {
            Assert.Equal(expected[step], golden.Pass.Accumulate(Batch(golden.MarginalSequence), 1.0 / 32).Total().MeanLoss, 5e-6);
            optimizer.Step(golden.Compute, 1e-3f);
        }

        Assert.Equal(expected[3], golden.Pass.Evaluate(Batch(golden.MarginalSequence)).Total().MeanLoss, 5e-6);
        Near.All(golden.Tensors["after3.theta"], [.. golden.Theta.Value.Span.ToArray().Select(value => (double)value)], 1e-6);
        foreach (string name in golden.Tensors.Names.Where(name => name.StartsWith("after3.", StringComparison.Ordinal) && !name.EndsWith(".rows", StringComparison.Ordinal)))
            Near.Weights(golden.Tensors[name], golden.Named(name["after3.".Length..]).Value.Span, name);
        int[] rows = GoldenTraining.Integers(golden.Marginal.GetProperty("embed_after3_rows"));
        Near.Weights(golden.Tensors["after3.model.embed_tokens.weight.rows"], Rows(golden.Model.Embedding.Value.Span, rows, 64), "embedding rows");
    }

    [Fact]
    public void Accumulate_TwoMaskedSequences_AveragesOverUnmaskedTargets()
    {
        using GoldenTraining golden = new();
        int targets = golden.MaskedBatch.GetProperty("unmasked_targets").GetInt32();

        LossTotals totals = golden.Pass.Accumulate(Batch(golden.MaskedSequences), 1.0 / targets).Total();

        Assert.Equal(targets, totals.TargetCount);
        Assert.Equal(golden.MaskedBatch.GetProperty("loss").GetDouble(), totals.MeanLoss, 5e-6);
        Near.Gradient(golden.Tensors["masked.grad.theta"], golden.Theta.Gradient!.Span, "theta");
        Near.Gradient(golden.Tensors["masked.grad.model.norm.weight"], golden.Named("model.norm.weight").Gradient!.Span, "norm");
    }

    private static PackedBatch Batch(params TrainingSequence[] sequences) => new(sequences, expertCount: 1);

    private static float[] Rows(ReadOnlySpan<float> matrix, int[] rows, int width)
    {
        float[] picked = new float[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
            matrix.Slice(rows[i] * width, width).CopyTo(picked.AsSpan(i * width));
        return picked;
    }
}
