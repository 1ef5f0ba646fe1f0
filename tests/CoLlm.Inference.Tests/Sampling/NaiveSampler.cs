using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

/// <summary>The sampler as one would write it on paper: full sorts, double precision, lists. The twin the fast one is held to.</summary>
internal static class NaiveSampler
{
    public static SampledToken Sample(float[] logits, SamplingParameters parameters, int[] prefix, int position)
    {
        double[] model = Softmax(logits.Select(logit => (double)logit).ToArray());
        double[] scores = logits.Select((logit, id) => Penalise(logit, prefix.Contains(id) ? parameters.RepetitionPenalty : 1.0)).ToArray();
        int chosen = parameters.IsGreedy ? Ranked(scores)[0] : Draw(scores, parameters, position);
        return new SampledToken(chosen, (float)Math.Log(model[chosen]), Ranked(model)[0]);
    }

    /// <summary>Ids that may be drawn, in ascending order, and the probability of each id before the cuts.</summary>
    public static (int[] Kept, double[] Probabilities) Keep(double[] scores, SamplingParameters parameters)
    {
        double[] probabilities = Softmax(scores.Select(score => score / parameters.Temperature).ToArray());
        List<int> kept = [.. Ranked(probabilities)];
        if (parameters.TopK > 0)
            kept = [.. kept.Take(parameters.TopK)];

        double mass = kept.Sum(id => probabilities[id]) * parameters.TopP;
        double sum = 0;
        int nucleus = 0;
        while (nucleus < kept.Count && (nucleus == 0 || sum < mass))
            sum += probabilities[kept[nucleus++]];
        if (parameters.TopP < 1)
            kept = [.. kept.Take(nucleus)];

        double floor = parameters.MinP * probabilities.Max();
        return ([.. kept.Where(id => probabilities[id] >= floor).Order()], probabilities);
    }

    private static int Draw(double[] scores, SamplingParameters parameters, int position)
    {
        (int[] kept, double[] probabilities) = Keep(scores, parameters);
        double target = CounterRandom.Uniform(parameters.Seed, position) * kept.Sum(id => probabilities[id]);
        double sum = 0;
        foreach (int id in kept)
        {
            sum += probabilities[id];
            if (sum > target)
                return id;
        }

        return kept[^1];
    }

    private static double Penalise(double logit, double penalty) => logit < 0 ? logit * penalty : logit / penalty;

    private static int[] Ranked(double[] values) => [.. Enumerable.Range(0, values.Length).OrderByDescending(id => values[id]).ThenBy(id => id)];

    private static double[] Softmax(double[] scores)
    {
        double largest = scores.Max();
        double[] weights = scores.Select(score => Math.Exp(score - largest)).ToArray();
        double sum = weights.Sum();
        return weights.Select(weight => weight / sum).ToArray();
    }
}
