using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;
using Xunit;

namespace CoLlm.Testing.Laws;

/// <summary>Holds what a call made of its logits against the logits themselves: the same whoever made it.</summary>
internal sealed class ReductionOracle(int vocabularySize, bool isExact)
{
    private readonly OutputReducer _reducer = new(vocabularySize);

    /// <summary>Something to ask for at these positions, at random; whole logits half of the time.</summary>
    public OutputReduction Draw(Random random, int positionCount)
    {
        int usable = vocabularySize - random.Next(40);
        return random.Next(8) switch
        {
            0 => OutputReduction.Token(SamplingParameters.Greedy, usable),
            1 => OutputReduction.Token(SamplingParameters.Create(0.8f, topK: 20, topP: 0.9f, repetitionPenalty: 1.3f, seed: (ulong)random.Next()), usable),
            2 => OutputReduction.TopK(1 + random.Next(9), usable),
            3 => OutputReduction.Score(Enumerable.Range(0, positionCount).Select(_ => random.Next(usable)).ToArray(), usable),
            _ => OutputReduction.None,
        };
    }

    /// <summary>Fails unless an entry of the result is what its reduction makes of these logits.</summary>
    /// <param name="logits">A plain run's.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="result">Of a call that reduces.</param>
    /// <param name="index">Which of its positions.</param>
    public void Check(ReadOnlySpan<float> logits, IReadOnlyList<int> tokens, AdvanceResult result, int index)
    {
        OutputReduction reduction = result.Reduction;
        int[] prefix = [.. tokens.Take(result.Position(index) + 1)];
        TokenLogProbability[] expected = ReferenceReduction.Entries(logits, reduction, prefix, index);
        (int TokenId, float LogProbability)[] actual = Read(result, index, expected);
        Assert.Equal(expected.Length, actual.Length);
        double logSumExp = expected[^1].LogProbability - logits[expected[^1].TokenId];
        for (int i = 0; i < actual.Length; i++)
        {
            if (isExact)
                Assert.Equal(expected[i].TokenId, actual[i].TokenId);
            else if (reduction.Form != OutputForm.Token || i > 0 || reduction.Sampling!.IsGreedy)
                AssertNear(logits[expected[i].TokenId], logits[actual[i].TokenId]); // Rounding may turn what lies this close together.
            AssertNear((float)(logits[actual[i].TokenId] + logSumExp), actual[i].LogProbability);
        }
    }

    private (int TokenId, float LogProbability)[] Read(AdvanceResult result, int index, TokenLogProbability[] expected)
    {
        switch (result.Reduction.Form)
        {
            case OutputForm.Token:
                SampledToken token = _reducer.Token(result, index);
                Assert.Equal(token.ArgmaxTokenId, OutputReducer.Argmax(result, index));
                return [(token.TokenId, token.LogProbability), (token.ArgmaxTokenId, expected[1].LogProbability)];
            case OutputForm.TopK:
                TokenLogProbability[] top = _reducer.TopK(result, index, out float tail).ToArray();
                Assert.Equal(1 - top.Sum(entry => Math.Exp(entry.LogProbability)), tail, 1e-4);
                return [.. top.Select(entry => (entry.TokenId, entry.LogProbability))];
            default:
                (float given, float largest) = _reducer.Score(result, index);
                return [(expected[0].TokenId, given), (OutputReducer.Argmax(result, index), largest)];
        }
    }

    private static void AssertNear(float expected, float actual) =>
        GoldenTolerance.AssertClose([expected], [actual], GoldenTolerance.CachedLogits, "reduced value");
}
