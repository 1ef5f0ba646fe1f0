using System.Runtime.Intrinsics;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;

namespace CoLlm.Training.Optimization;

/// <summary>
/// Adam with decoupled weight decay and bias correction, all of it in fp32: at small learning rates a step in a narrower
/// format would round away.
/// </summary>
internal sealed unsafe class AdamW
{
    private const int ElementsPerItem = 16_384;

    private readonly AdamWOptions _options;
    private readonly List<(int State, int First, int Count)> _items = [];

    /// <summary>Optimises the trained ones among the given parameters; those frozen are left alone.</summary>
    public AdamW(IEnumerable<Parameter> parameters, AdamWOptions options)
    {
        _options = options;
        States = [.. parameters.Where(parameter => parameter.IsTrained).Select(parameter => new AdamWState(parameter))];
        for (int state = 0; state < States.Count; state++)
        {
            int length = States[state].Parameter.Value.Length;
            for (int first = 0; first < length; first += ElementsPerItem)
                _items.Add((state, first, Math.Min(ElementsPerItem, length - first)));
        }
    }

    public IReadOnlyList<AdamWState> States { get; }

    /// <summary>Steps taken; set when a run is resumed.</summary>
    public int StepCount { get; set; }

    /// <summary>Sets every gradient to zero.</summary>
    public void ClearGradients(ComputeContext compute) =>
        compute.Pool.Run(_items.Count, (_, item) =>
        {
            (int state, int first, int count) = _items[item];
            States[state].Parameter.Gradient!.Span.Slice(first, count).Clear();
        });

    /// <summary>The Euclidean length of all gradients together, summed in one fixed order.</summary>
    public double GradientNorm(ComputeContext compute)
    {
        double[] squares = new double[_items.Count];
        compute.Pool.Run(_items.Count, (_, item) =>
        {
            (int state, int first, int count) = _items[item];
            double sum = 0;
            foreach (float value in States[state].Parameter.Gradient!.Span.Slice(first, count))
                sum += (double)value * value;
            squares[item] = sum;
        });
        return Math.Sqrt(squares.Sum());
    }

    /// <summary>Takes one step with the gradients multiplied by <paramref name="gradientFactor"/> (clipping), and clears them.</summary>
    public void Step(ComputeContext compute, float learningRate, float gradientFactor = 1)
    {
        StepCount++;
        double correction1 = 1 - Math.Pow(_options.Beta1, StepCount);
        double correction2 = 1 - Math.Pow(_options.Beta2, StepCount);
        float variance = (float)(1 / Math.Sqrt(correction2));
        compute.Pool.Run(_items.Count, (_, item) =>
        {
            (int state, int first, int count) = _items[item];
            float rate = learningRate * States[state].RateFactor;
            Update(States[state], first, count, new StepFactors(gradientFactor, (float)(rate / correction1), variance, 1 - (rate * _options.WeightDecay)));
        });
    }

    private void Update(AdamWState state, int first, int count, StepFactors factors)
    {
        float* w = state.Parameter.Value.Data + first;
        float* g = state.Parameter.Gradient!.Data + first;
        float* m = state.Mean.Data + first;
        float* v = state.Variance.Data + first;
        float beta1 = _options.Beta1;
        float beta2 = _options.Beta2;
        int i = 0;
        for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count)
        {
            Vector512<float> gradient = Vector512.Load(g + i) * factors.Gradient;
            Vector512<float> mean = (Vector512.Load(m + i) * beta1) + (gradient * (1 - beta1));
            Vector512<float> variance = (Vector512.Load(v + i) * beta2) + (gradient * gradient * (1 - beta2));
            Vector512<float> deviation = (Vector512.Sqrt(variance) * factors.VarianceCorrection) + Vector512.Create(_options.Epsilon);
            Vector512.Store((Vector512.Load(w + i) * factors.Decay) - (mean / deviation * factors.LearningRate), w + i);
            Vector512.Store(mean, m + i);
            Vector512.Store(variance, v + i);
            Vector512.Store(Vector512<float>.Zero, g + i);
        }

        for (; i < count; i++)
        {
            float gradient = g[i] * factors.Gradient;
            m[i] = (m[i] * beta1) + (gradient * (1 - beta1));
            v[i] = (v[i] * beta2) + (gradient * gradient * (1 - beta2));
            float deviation = (MathF.Sqrt(v[i]) * factors.VarianceCorrection) + _options.Epsilon;
            w[i] = (w[i] * factors.Decay) - (m[i] / deviation * factors.LearningRate);
            g[i] = 0;
        }
    }

    private readonly record struct StepFactors(float Gradient, float LearningRate, float VarianceCorrection, float Decay);
}
