using System.Numerics.Tensors;

namespace CoLlm.Inference.Sampling;

/// <summary>
/// Draws tokens from logits. Its scratch is sized once, so drawing allocates nothing; used by one thread at a time.
/// </summary>
/// <param name="maxVocabularySize">Longest row of logits it will see.</param>
public sealed class TokenSampler(int maxVocabularySize)
{
    private readonly float[] _scratch = new float[maxVocabularySize];
    private readonly float[] _penalised = new float[maxVocabularySize];
    private readonly int[] _lastSeen = new int[maxVocabularySize];
    private readonly ulong[] _keys = new ulong[maxVocabularySize];
    private int _drawCount;

    /// <summary>Draws the token at a position; equal arguments give equal results.</summary>
    /// <param name="logits">
    /// Finite logits of the usable vocabulary: the caller cuts off ids that must never be emitted. <c>[usable vocabulary]</c>
    /// </param>
    /// <param name="parameters">How to draw.</param>
    /// <param name="prefix">All tokens before the position; read for the repetition penalty, ids outside the row are passed over.</param>
    /// <param name="position">Index of the token to be drawn, which together with the seed determines the draw.</param>
    public SampledToken Sample(ReadOnlySpan<float> logits, SamplingParameters parameters, ReadOnlySpan<int> prefix, int position)
    {
        ArgumentOutOfRangeException.ThrowIfZero(logits.Length, nameof(logits));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(logits.Length, maxVocabularySize, nameof(logits));

        double logSumExp = VocabularyScan.LogSumExp(logits, _scratch, out float largest, out double sum);
        int argmax = VocabularyScan.FirstIndexOf(logits, largest);
        int chosen = argmax;
        if (parameters is { IsGreedy: true, RepetitionPenalty: not 1f })
            chosen = VocabularyScan.Argmax(Penalise(logits, parameters.RepetitionPenalty, prefix));
        else if (!parameters.IsGreedy)
            chosen = Draw(logits, parameters, prefix, position, largest, sum);
        return new SampledToken(chosen, (float)(logits[chosen] - logSumExp), argmax);
    }

    private ReadOnlySpan<float> Penalise(ReadOnlySpan<float> logits, float penalty, ReadOnlySpan<int> prefix)
    {
        Span<float> penalised = _penalised.AsSpan(0, logits.Length);
        logits.CopyTo(penalised);
        _drawCount++;
        foreach (int id in prefix)
        {
            // The stamp marks ids met in this draw, so that a token repeated in the prefix is penalised once.
            if ((uint)id >= (uint)penalised.Length || _lastSeen[id] == _drawCount)
                continue;
            _lastSeen[id] = _drawCount;
            penalised[id] = penalised[id] < 0 ? penalised[id] * penalty : penalised[id] / penalty;
        }

        return penalised;
    }

    /// <summary>Draws from the weights; those of the model's own distribution are in the scratch already and serve where nothing changes them.</summary>
    private int Draw(
        ReadOnlySpan<float> logits, SamplingParameters parameters, ReadOnlySpan<int> prefix, int position, float largest, double total)
    {
        Span<float> weights = _scratch.AsSpan(0, logits.Length);
        if (parameters.Temperature != 1f || parameters.RepetitionPenalty != 1f)
        {
            ReadOnlySpan<float> scores = parameters.RepetitionPenalty == 1f ? logits : Penalise(logits, parameters.RepetitionPenalty, prefix);
            total = Weigh(scores, parameters.RepetitionPenalty == 1f ? largest : VocabularyScan.Max(scores), parameters.Temperature, weights);
        }

        double uniform = CounterRandom.Uniform(parameters.Seed, position);
        if (parameters is { TopK: 0, TopP: 1f, MinP: 0f })
            return VocabularyScan.IndexAtMass(weights, total * uniform);
        ulong cut = CandidateCut.Find(weights, total, VocabularyScan.Max(weights), parameters, _keys);
        double kept = cut == 0 ? total : WeightAbove(weights, cut);
        return Pick(weights, cut, kept * uniform);
    }

    /// <summary>Subtracting first keeps the most probable weight at exactly one, however small the temperature. Returns the sum.</summary>
    private static double Weigh(ReadOnlySpan<float> scores, float largest, float temperature, Span<float> weights)
    {
        TensorPrimitives.Subtract(scores, largest, weights);
        TensorPrimitives.Divide(weights, temperature, weights);
        TensorPrimitives.Exp(weights, weights);
        return VocabularyScan.Sum(weights);
    }

    private static double WeightAbove(ReadOnlySpan<float> weights, ulong cut)
    {
        double sum = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            if (CandidateCut.Key(weights[id], id) >= cut)
                sum += weights[id];
        }

        return sum;
    }

    /// <summary>The first id, ascending, at which the kept weight passes the target; never one of weight zero.</summary>
    private static int Pick(ReadOnlySpan<float> weights, ulong cut, double target)
    {
        double sum = 0;
        int last = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            if (weights[id] == 0f || CandidateCut.Key(weights[id], id) < cut)
                continue;
            sum += weights[id];
            last = id;
            if (sum > target)
                break;
        }

        return last;
    }
}
