using System.Numerics.Tensors;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding;

/// <summary>
/// The distribution of compose mode: <c>(1 - s) P_0 + sum_k s_k P_k</c>, as log-probabilities. Scratch is sized once; used by one
/// caller at a time.
/// </summary>
/// <param name="vocabularySize">The usable vocabulary.</param>
internal sealed class Mixture(int vocabularySize)
{
    private readonly float[] _sum = new float[vocabularySize];
    private readonly float[] _row = new float[vocabularySize];
    private readonly float[] _scratch = new float[vocabularySize];

    /// <summary>Starts anew with the base's share.</summary>
    /// <param name="logits">The base's. <c>[usable vocabulary]</c></param>
    /// <param name="share">Its probability of writing.</param>
    public void Start(ReadOnlySpan<float> logits, float share)
    {
        Array.Clear(_sum);
        AddRow(logits, share);
    }

    /// <summary>Adds an expert's share and tells its most probable token.</summary>
    public int Add(ReadOnlySpan<Half> logits, float share)
    {
        TensorPrimitives.ConvertToSingle(logits[..vocabularySize], _row);
        int argmax = VocabularyScan.Argmax(_row);
        AddRow(_row, share);
        return argmax;
    }

    /// <summary>The logarithm of the mixture; valid until the next start. <c>[usable vocabulary]</c></summary>
    public ReadOnlySpan<float> LogProbabilities()
    {
        TensorPrimitives.Log(_sum, _row);
        return _row;
    }

    private void AddRow(ReadOnlySpan<float> logits, float share)
    {
        double logSumExp = VocabularyScan.LogSumExp(logits, _scratch);
        TensorPrimitives.Subtract(logits, (float)logSumExp, _scratch);
        TensorPrimitives.Exp(_scratch, _scratch);
        TensorPrimitives.Multiply(_scratch, share, _scratch);
        TensorPrimitives.Add(_sum, _scratch, _sum);
    }
}
