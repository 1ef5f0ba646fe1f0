using CoLlm.Decoding.Experts;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Experts;

/// <summary>Writes the terms of a session as messages.</summary>
internal static class SessionMessages
{
    public static V1.AnswerForm ToMessage(ExpertAnswerForm form) =>
        form == ExpertAnswerForm.Token ? V1.AnswerForm.Token : V1.AnswerForm.Logits;

    /// <summary>Null, which is not sent at all, for plain greedy.</summary>
    public static V1.SamplingParameters? ToMessage(SamplingParameters sampling)
    {
        if (sampling == SamplingParameters.Greedy)
            return null;
        var message = new V1.SamplingParameters { Temperature = sampling.Temperature, TopK = sampling.TopK, MinP = sampling.MinP, Seed = sampling.Seed };
        if (sampling.TopP != 1f)
            message.TopP = sampling.TopP;
        if (sampling.RepetitionPenalty != 1f)
            message.RepetitionPenalty = sampling.RepetitionPenalty;
        return message;
    }

    public static V1.SessionRequest Open(SessionTerms terms, ReadOnlySpan<int> prefix, int epoch)
    {
        var open = new V1.Open
        {
            ProtocolVersion = ProtocolVersion.Newest,
            Model = terms.Model,
            ModelFingerprint = terms.ModelFingerprint,
            TokenizerFingerprint = terms.TokenizerFingerprint,
            UsableVocabularySize = terms.UsableVocabularySize,
            MaxSequenceTokens = terms.MaxSequenceTokens,
            Epoch = epoch,
            AnswerForm = ToMessage(terms.Form),
        };
        if (ToMessage(terms.Sampling) is { } sampling)
            open.Sampling = sampling;
        open.Tokens.AddRange(prefix);
        return new V1.SessionRequest { Open = open };
    }

    private static void AddRange(this Google.Protobuf.Collections.RepeatedField<int> field, ReadOnlySpan<int> tokenIds)
    {
        field.Capacity = Math.Max(field.Capacity, field.Count + tokenIds.Length);
        foreach (int tokenId in tokenIds)
            field.Add(tokenId);
    }

    /// <summary>Replaces a message's tokens, keeping its memory.</summary>
    public static void Fill(Google.Protobuf.Collections.RepeatedField<int> field, ReadOnlySpan<int> tokenIds)
    {
        field.Clear();
        field.AddRange(tokenIds);
    }
}
