namespace CoLlm.Inference.Sampling;

/// <summary>A drawn token and what its model thought of it.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="LogProbability">
/// Natural logarithm of its probability under the model's own distribution over the usable vocabulary: before repetition
/// penalty, temperature and cuts, so that values of differently sampled requests compare.
/// </param>
/// <param name="ArgmaxTokenId">The token the model held most probable, by the same distribution.</param>
public readonly record struct SampledToken(int TokenId, float LogProbability, int ArgmaxTokenId);
