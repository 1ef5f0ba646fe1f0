using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Expert.OpenAi;

/// <summary>Turns the most probable tokens of a position into the form of answer that was asked for. The message is reused.</summary>
internal sealed class RemoteAnswers(int usableVocabularySize)
{
    private readonly Answer _answer = new();
    private readonly Lazy<TokenSampler> _sampler = new(() => new TokenSampler(usableVocabularySize));
    private readonly Lazy<float[]> _logits = new(() => new float[usableVocabularySize]);

    /// <param name="distribution">Of the position.</param>
    /// <param name="position">Index of the token to be answered.</param>
    /// <param name="terms">How; passed by <see cref="BackendLimits.Refuse"/>.</param>
    /// <param name="server">For sentences.</param>
    /// <exception cref="BackendException">A draw needs more tokens than the server gave.</exception>
    public Answer Make(TopDistribution distribution, int position, in AnswerTerms terms, string server)
    {
        _answer.Position = position;
        _answer.TokenId = 0;
        _answer.LogProbability = 0;
        _answer.ClearArgmaxTokenId();
        _answer.TopK = null;
        if (terms.Form == AnswerForm.TopK)
            _answer.TopK = MakeTopK(distribution, terms.TopK);
        else
            SetToken(distribution, position, terms.Sampling, server);
        return _answer;
    }

    private static TopK MakeTopK(TopDistribution distribution, int count)
    {
        TopK top = new();
        double mass = 0;
        foreach ((int id, double logProbability) in distribution.Tokens.Take(count))
        {
            mass += Math.Exp(logProbability);
            top.TokenIds.Add(id);
            top.LogProbabilities.Add((float)logProbability);
        }

        top.TailProbability = (float)Math.Max(0, 1 - mass);
        return top;
    }

    private void SetToken(TopDistribution distribution, int position, SamplingParameters sampling, string server)
    {
        (int argmax, double logProbability) = distribution.Tokens[0];
        _answer.TokenId = argmax;
        if (!sampling.IsGreedy)
        {
            _answer.TokenId = Draw(distribution, position, sampling, server);
            logProbability = distribution.Tokens.First(token => token.Id == _answer.TokenId).LogProbability;
            if (_answer.TokenId != argmax)
                _answer.ArgmaxTokenId = argmax;
        }

        _answer.LogProbability = (float)logProbability;
    }

    /// <summary>A draw among the k heaviest needs no others: the rest of the row has no weight.</summary>
    private int Draw(TopDistribution distribution, int position, SamplingParameters sampling, string server)
    {
        if (distribution.Tokens.Count < sampling.TopK && distribution.TailProbability > 1e-6)
        {
            throw new BackendException(new SessionFault(
                FailureReason.Unsupported,
                $"A draw from {sampling.TopK} tokens (top_k) is asked for, but {server} gave {distribution.Tokens.Count} usable ones at position {position}."));
        }

        float[] logits = _logits.Value;
        Array.Fill(logits, float.NegativeInfinity);
        foreach ((int id, double logProbability) in distribution.Tokens)
            logits[id] = (float)logProbability;
        return _sampler.Value.Sample(logits, sampling, [], position).TokenId;
    }
}
