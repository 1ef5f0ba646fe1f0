using System.Runtime.InteropServices;
using CoLlm.Expert.Models;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;
using Google.Protobuf;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// Turns logits into the form of answer that was asked for. The message is reused: it must be written before the next one is made.
/// </summary>
internal sealed class AnswerMaker(int usableVocabularySize)
{
    private readonly Answer _answer = new();
    private readonly TopTokens _topTokens = new();

    /// <summary>Fills the answer about the token at <paramref name="position"/>.</summary>
    /// <param name="logits">Raw logits of the position before. <c>[vocabulary]</c></param>
    /// <param name="prefix">All tokens before the position.</param>
    /// <param name="position">Index of the token to be answered.</param>
    /// <param name="terms">How.</param>
    /// <param name="scratch">Buffers, free again when this returns.</param>
    public Answer Make(ReadOnlySpan<float> logits, ReadOnlySpan<int> prefix, int position, in AnswerTerms terms, AnswerScratch scratch)
    {
        ReadOnlySpan<float> usable = logits[..usableVocabularySize];
        Clear(position);
        switch (terms.Form)
        {
            case AnswerForm.TopK:
                _answer.TopK = MakeTopK(usable, Math.Min(terms.TopK, usable.Length), scratch);
                break;
            case AnswerForm.Logits:
                _answer.Logits = MakeHalves(usable, scratch);
                break;
            default:
                SetToken(scratch.Sampler.Sample(usable, terms.Sampling, prefix, position));
                break;
        }

        return _answer;
    }

    private void Clear(int position)
    {
        _answer.Position = position;
        _answer.TokenId = 0;
        _answer.LogProbability = 0;
        _answer.ClearArgmaxTokenId();
        _answer.TopK = null;
        _answer.Logits = ByteString.Empty;
    }

    private void SetToken(SampledToken token)
    {
        _answer.TokenId = token.TokenId;
        _answer.LogProbability = token.LogProbability;
        if (token.ArgmaxTokenId != token.TokenId)
            _answer.ArgmaxTokenId = token.ArgmaxTokenId;
    }

    private TopK MakeTopK(ReadOnlySpan<float> logits, int count, AnswerScratch scratch)
    {
        TopK top = new();
        double logSumExp = VocabularyScan.LogSumExp(logits, scratch.Floats);
        double mass = 0;
        foreach (int id in _topTokens.Select(logits, count))
        {
            double logProbability = logits[id] - logSumExp;
            mass += Math.Exp(logProbability);
            top.TokenIds.Add(id);
            top.LogProbabilities.Add((float)logProbability);
        }

        top.TailProbability = (float)Math.Max(0, 1 - mass);
        return top;
    }

    private static ByteString MakeHalves(ReadOnlySpan<float> logits, AnswerScratch scratch)
    {
        Span<Half> halves = scratch.Halves.AsSpan(0, logits.Length);
        HalfLogits.Round(logits, halves, scratch.Floats);
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Logits go over the wire in little-endian order.");
        return ByteString.CopyFrom(MemoryMarshal.AsBytes(halves));
    }
}
