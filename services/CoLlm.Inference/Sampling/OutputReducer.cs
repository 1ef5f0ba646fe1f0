namespace CoLlm.Inference.Sampling;

/// <summary>
/// Gives what a call's <see cref="OutputReduction"/> asked for: as the backend made it, or made here of the logits that came back. Its
/// scratch is sized when first needed, so where backends reduce it takes no memory; used by one thread at a time.
/// </summary>
/// <param name="maxVocabularySize">Longest row of logits it will see.</param>
public sealed class OutputReducer(int maxVocabularySize)
{
    private readonly TopTokens _topTokens = new();
    private TokenSampler? _sampler;
    private float[] _scratch = [];
    private TokenLogProbability[] _top = [];

    /// <summary>The drawn token of a call with <see cref="OutputReduction.Token"/>.</summary>
    /// <exception cref="InvalidOperationException">The call asked for something else.</exception>
    public SampledToken Token(in AdvanceResult result, int index = 0)
    {
        OutputReduction reduction = Expect(result, OutputForm.Token);
        if (result.IsReduced)
        {
            ReadOnlySpan<TokenLogProbability> entries = result.Entries(index);
            return new SampledToken(entries[0].TokenId, entries[0].LogProbability, entries[1].TokenId);
        }

        _sampler ??= new TokenSampler(maxVocabularySize);
        ReadOnlySpan<int> prefix = result.Prefix(index);
        return _sampler.Sample(result.Logits(index)[..reduction.VocabularySize], reduction.Sampling!, prefix, prefix.Length);
    }

    /// <summary>
    /// The tokens of a call with <see cref="OutputReduction.TopK"/>, heaviest first, the lower id first among equals. Valid until the next
    /// call of it or of the session.
    /// </summary>
    /// <param name="result">The call's result.</param>
    /// <param name="index">Which of its positions.</param>
    /// <param name="tailProbability">What all other tokens have together.</param>
    /// <exception cref="InvalidOperationException">The call asked for something else.</exception>
    public ReadOnlySpan<TokenLogProbability> TopK(in AdvanceResult result, int index, out float tailProbability)
    {
        OutputReduction reduction = Expect(result, OutputForm.TopK);
        double mass = 0;
        if (result.IsReduced)
        {
            ReadOnlySpan<TokenLogProbability> entries = result.Entries(index);
            foreach (TokenLogProbability entry in entries)
                mass += Math.Exp(entry.LogProbability);
            tailProbability = (float)Math.Max(0, 1 - mass);
            return entries;
        }

        if (_top.Length < reduction.Count)
            _top = new TokenLogProbability[reduction.Count];
        ReadOnlySpan<float> logits = result.Logits(index)[..reduction.VocabularySize];
        double logSumExp = VocabularyScan.LogSumExp(logits, Scratch());
        int count = 0;
        foreach (int id in _topTokens.Select(logits, reduction.Count))
        {
            double logProbability = logits[id] - logSumExp;
            mass += Math.Exp(logProbability);
            _top[count++] = new TokenLogProbability(id, (float)logProbability);
        }

        tailProbability = (float)Math.Max(0, 1 - mass);
        return _top.AsSpan(0, count);
    }

    /// <summary>The log-probabilities of the given token and of the most probable one, of a call with <see cref="OutputReduction.Score"/>.</summary>
    /// <exception cref="InvalidOperationException">The call asked for something else.</exception>
    public (float Given, float Largest) Score(in AdvanceResult result, int index)
    {
        OutputReduction reduction = Expect(result, OutputForm.Score);
        if (result.IsReduced)
        {
            ReadOnlySpan<TokenLogProbability> entries = result.Entries(index);
            return (entries[0].LogProbability, entries[1].LogProbability);
        }

        ReadOnlySpan<float> logits = result.Logits(index)[..reduction.VocabularySize];
        double logSumExp = VocabularyScan.LogSumExp(logits, Scratch(), out float largest, out _);
        return ((float)(logits[reduction.Targets.Span[index]] - logSumExp), (float)(largest - logSumExp));
    }

    /// <summary>The most probable token of a call that reduces, the lowest id where several are.</summary>
    public static int Argmax(in AdvanceResult result, int index = 0)
    {
        OutputReduction reduction = result.Reduction;
        if (!result.IsReduced)
            return VocabularyScan.Argmax(result.Logits(index)[..reduction.VocabularySize]);
        return result.Entries(index)[reduction.Form == OutputForm.TopK ? 0 : 1].TokenId;
    }

    private static OutputReduction Expect(in AdvanceResult result, OutputForm form) =>
        result.Reduction.Form == form
            ? result.Reduction
            : throw new InvalidOperationException($"The call asked for {result.Reduction.Form}, not for {form}.");

    private float[] Scratch() => _scratch.Length > 0 ? _scratch : _scratch = new float[maxVocabularySize];
}
