using System.Runtime.InteropServices;
using CoLlm.Expert.Models;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;
using Google.Protobuf;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// Turns what a call brought back into the form of answer that was asked for. The message is reused: it must be written before the next
/// one is made.
/// </summary>
internal sealed class AnswerMaker(int usableVocabularySize)
{
    private readonly Answer _answer = new();

    /// <summary>Fills the answer about the token after one of the call's positions.</summary>
    /// <param name="result">The call's result; its reduction says the form.</param>
    /// <param name="index">Which of its positions.</param>
    /// <param name="scratch">Buffers, free again when this returns.</param>
    public Answer Make(in AdvanceResult result, int index, AnswerScratch scratch)
    {
        Clear(result.Position(index) + 1);
        switch (result.Reduction.Form)
        {
            case OutputForm.TopK:
                _answer.TopK = MakeTopK(result, index, scratch);
                break;
            case OutputForm.Logits:
                _answer.Logits = MakeHalves(result.Logits(index)[..usableVocabularySize], scratch);
                break;
            default:
                SetToken(scratch.Reducer.Token(result, index));
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

    private static TopK MakeTopK(in AdvanceResult result, int index, AnswerScratch scratch)
    {
        TopK top = new();
        ReadOnlySpan<TokenLogProbability> tokens = scratch.Reducer.TopK(result, index, out float tailProbability);
        foreach (TokenLogProbability token in tokens)
        {
            top.TokenIds.Add(token.TokenId);
            top.LogProbabilities.Add(token.LogProbability);
        }

        top.TailProbability = tailProbability;
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
