namespace CoLlm.Decoding.SwapHeads;

/// <summary>The swap head's verdict on one hidden state.</summary>
/// <param name="DeferralProbability">Probability that an expert should write the next token: the sum over experts.</param>
/// <param name="ExpertIndex">The most probable expert, the lowest index where several are.</param>
public readonly record struct SwapScore(float DeferralProbability, int ExpertIndex);
