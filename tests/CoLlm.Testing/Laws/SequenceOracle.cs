using CoLlm.Inference;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Sampling;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;
using Xunit;

namespace CoLlm.Testing.Laws;

/// <summary>Knows what every sequence of tokens gives: one plain pass on a backend of its own.</summary>
public sealed class SequenceOracle(IInferenceBackend backend, int maxTokens)
{
    private readonly BackendSequence _sequence = new(backend, maxTokens);
    private readonly bool _bitwise = backend.Capabilities.HasFlag(BackendCapabilities.BitwiseReproducible);
    private readonly ReductionOracle _reductions = new(
        backend.Config.VocabularySize, isExact: backend.Capabilities.HasFlag(BackendCapabilities.BitwiseReproducible));

    private readonly List<float[]> _logits = [];
    private readonly List<float[]> _hiddenStates = [];
    private readonly List<int> _tokens = [];

    /// <summary>Something to ask for at so many positions, at random.</summary>
    public OutputReduction DrawReduction(Random random, int positionCount) => _reductions.Draw(random, positionCount);

    /// <summary>Fails unless an entry of a result is what the tokens up to its position give.</summary>
    public void Check(IReadOnlyList<int> tokens, AdvanceResult result, int index)
    {
        int position = result.Position(index);
        int common = _tokens.Zip(tokens).TakeWhile(pair => pair.First == pair.Second).Count();
        if (common <= position)
            Replay(tokens, common);
        if (result.Reduction.Form == OutputForm.Logits)
            Compare(_logits[position], result.Logits(index), $"logits at {position}");
        else
            _reductions.Check(_logits[position], tokens, result, index);
        Compare(_hiddenStates[position], result.HiddenState(index), $"hidden state at {position}");
    }

    private void Replay(IReadOnlyList<int> tokens, int common)
    {
        foreach (List<float[]> rows in (List<float[]>[])[_logits, _hiddenStates])
            rows.RemoveRange(common, rows.Count - common);
        _tokens.RemoveRange(common, _tokens.Count - common);
        _tokens.AddRange(tokens.Skip(common));
        _sequence.TruncateTo(common);
        (float[][] logits, float[][] hiddenStates) = _sequence.Advance([.. tokens.Skip(common)]);
        _logits.AddRange(logits);
        _hiddenStates.AddRange(hiddenStates);
    }

    private void Compare(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        if (_bitwise)
            Assert.True(expected.SequenceEqual(actual), $"The {what} differ in at least one bit from the plain run.");
        else
            GoldenTolerance.AssertClose(expected, actual, GoldenTolerance.CachedLogits, what);
    }
}
