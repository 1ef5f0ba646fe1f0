using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Tests.Model;

/// <summary>Every parameter's gradient against the change of the loss along it and along a random direction.</summary>
public sealed class FiniteDifferenceTests
{
    private const int ExpertCount = 2;

    [Theory]
    [InlineData(nameof(TinyModels.Llama))]
    [InlineData(nameof(TinyModels.Qwen2))]
    [InlineData(nameof(TinyModels.Qwen3))]
    [InlineData(nameof(TinyModels.Mistral))]
    public void Backward_EveryParameterOfTheModel_AgreesWithFiniteDifferences(string name)
    {
        TrainableModel model = TinyModels.Lively(TinyModels.Named(name));
        Parameter theta = TinyModels.Theta(ExpertCount);
        Parameter[] parameters = [.. model.Parameters, theta];

        Check(model, theta, parameters);
    }

    [Fact]
    public void Backward_LoraAdapters_AgreeWithFiniteDifferences()
    {
        TrainableModel model = TinyModels.Lively(TinyModels.Llama);
        Parameter theta = TinyModels.Theta(ExpertCount);
        SeededRandom random = new(9);
        foreach (Projection projection in model.Layers.SelectMany(layer => layer.Projections))
        {
            projection.Adapter = new LoraAdapter(projection.Weight, rank: 3, alpha: 6, random);
            foreach (ref float value in projection.Adapter.Up.Value.Span)
                value = 0.2f * random.NextNormal();
        }

        Check(model, theta, [.. model.AdapterParameters, theta]);
    }

    private static void Check(TrainableModel model, Parameter theta, Parameter[] parameters)
    {
        using ComputeContext compute = new(1);
        foreach (Parameter parameter in parameters)
            parameter.Train();
        TrainingPass pass = new(compute, model, theta);
        PackedBatch batch = new(TinyModels.Sequences(ExpertCount, lengths: [19, 7, 12]), ExpertCount);
        pass.Accumulate(batch, 1);

        SeededRandom random = new(77);
        foreach (Parameter parameter in parameters)
        {
            float[] gradient = parameter.Gradient!.Span.ToArray();
            float[] chance = [.. gradient.Select(_ => random.NextNormal())];
            CheckAlong(pass, batch, parameter, gradient, gradient);
            CheckAlong(pass, batch, parameter, gradient, chance);
        }
    }

    private static void CheckAlong(TrainingPass pass, PackedBatch batch, Parameter parameter, float[] gradient, float[] direction)
    {
        double length = Math.Sqrt(direction.Sum(value => (double)value * value));
        double gradientLength = Math.Sqrt(gradient.Sum(value => (double)value * value));
        double expected = gradient.Zip(direction).Sum(pair => (double)pair.First * pair.Second) / length;
        float[] start = parameter.Value.Span.ToArray();
        const double Step = 4e-3;

        double LossAt(double distance)
        {
            for (int i = 0; i < start.Length; i++)
                parameter.Value.Span[i] = (float)(start[i] + (distance * direction[i] / length));
            return pass.Evaluate(batch).Total().LossSum;
        }

        // Four points: the error left is of the fourth order in the step.
        double measured = ((8 * (LossAt(Step) - LossAt(-Step))) - (LossAt(2 * Step) - LossAt(-2 * Step))) / (12 * Step);
        start.CopyTo(parameter.Value.Span);
        double tolerance = (3e-3 * Math.Max(gradientLength, Math.Abs(expected))) + 2e-3;
        Assert.True(Math.Abs(measured - expected) <= tolerance, $"{parameter.Name}: the loss changes by {measured} per unit, the gradient says {expected}.");
    }
}
