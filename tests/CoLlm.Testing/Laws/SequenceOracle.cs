using CoLlm.Inference.Backends;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;
using Xunit;

namespace CoLlm.Testing.Laws;

/// <summary>Knows what every sequence of tokens gives: one plain pass on a backend of its own.</summary>
public sealed class SequenceOracle(IInferenceBackend backend, int maxTokens)
{
    private readonly BackendSequence _sequence = new(backend, maxTokens);
    private readonly bool _bitwise = backend.Capabilities.HasFlag(BackendCapabilities.BitwiseReproducible);
    private readonly List<float[]> _logits = [];
    private readonly List<float[]> _hiddenStates = [];
    private readonly List<int> _tokens = [];

    /// <summary>Fails unless the logits and hidden state are what the tokens up to the position give.</summary>
    public void Check(IReadOnlyList<int> tokens, int position, ReadOnlySpan<float> logits, ReadOnlySpan<float> hiddenState)
    {
        int common = _tokens.Zip(tokens).TakeWhile(pair => pair.First == pair.Second).Count();
        if (common <= position)
            Replay(tokens, common);
        Compare(_logits[position], logits, $"logits at {position}");
        Compare(_hiddenStates[position], hiddenState, $"hidden state at {position}");
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
