using System.Globalization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// The most probable usable tokens of one position with natural log-probabilities, heaviest first, the lower id first among equals, and
/// the mass of all others.
/// </summary>
/// <remarks>
/// Ids at or above the usable vocabulary are taken out and the rest is renormalised by the mass they were seen to have. Such ids among
/// the tokens that the server did not name are not known of; they make log-probabilities wrong by at most their part of the tail.
/// </remarks>
internal sealed class TopDistribution
{
    /// <summary>Servers write this, or less, for a probability of zero, since JSON has no infinity.</summary>
    private const double ZeroProbability = -9999;

    /// <summary>What rounding may add to a probability.</summary>
    private const double Tolerance = 1e-3;

    private TopDistribution((int Id, double LogProbability)[] tokens, double tail)
    {
        Tokens = tokens;
        TailProbability = tail;
    }

    /// <summary>Never empty.</summary>
    public IReadOnlyList<(int Id, double LogProbability)> Tokens { get; }

    public double TailProbability { get; }

    /// <summary>Tokens whose probability is above zero.</summary>
    public int PossibleCount => Tokens.Count(token => token.LogProbability > ZeroProbability);

    /// <summary>Holds what a server gave against what a distribution is.</summary>
    /// <exception cref="Models.BackendException">It is none, or has no usable token.</exception>
    public static TopDistribution Create(List<(int Id, double LogProbability)> given, int usableVocabularySize, int vocabularySize, ServerReply reply)
    {
        HashSet<int> ids = [];
        double unusable = 0, usable = 0;
        foreach ((int id, double logProbability) in given)
        {
            if ((uint)id >= (uint)vocabularySize)
                throw reply.Malformed($"with the token id {id}, outside the model's vocabulary of {vocabularySize}");
            if (!ids.Add(id))
                throw reply.Malformed($"with two log-probabilities of the token {id}");
            if (double.IsNaN(logProbability) || double.IsPositiveInfinity(logProbability))
                throw reply.Of(FailureReason.NonFiniteLogits, $"with a log-probability of the token {id} that is no number");
            if (logProbability > Tolerance)
                throw reply.Malformed(string.Create(CultureInfo.InvariantCulture, $"with a log-probability of {logProbability} for the token {id}, which is above zero"));
            if (id < usableVocabularySize)
                usable += Math.Exp(logProbability);
            else
                unusable += Math.Exp(logProbability);
        }

        if (usable + unusable > 1 + Tolerance)
            throw reply.Malformed(string.Create(CultureInfo.InvariantCulture, $"with probabilities that sum to {usable + unusable}, so they are not of one distribution"));
        if (usable <= 0)
        {
            throw reply.Of(
                FailureReason.Unsupported,
                $"with {given.Count} most probable tokens of which none is below the usable vocabulary of {usableVocabularySize}; a larger TopTokens may have one");
        }

        // Rounding may leave the rest at a hair below what is named.
        double kept = Math.Max(1 - unusable, usable);
        double shift = Math.Log(kept);
        (int Id, double LogProbability)[] tokens =
            [.. given.Where(token => token.Id < usableVocabularySize).Select(token => (token.Id, token.LogProbability - shift))];
        Array.Sort(tokens, static (left, right) =>
            left.LogProbability != right.LogProbability ? right.LogProbability.CompareTo(left.LogProbability) : left.Id.CompareTo(right.Id));
        return new TopDistribution(tokens, Math.Clamp(1 - usable / kept, 0, 1));
    }
}
