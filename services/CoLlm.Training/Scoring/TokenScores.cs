namespace CoLlm.Training.Scoring;

/// <summary>What a model thinks of a stretch of a sequence: two numbers a token, all that ever leaves an expert.</summary>
/// <param name="Gold">Log-probability of the token that stands at each position.</param>
/// <param name="Max">Largest log-probability at each position; equal to <paramref name="Gold"/> exactly where the token is the model's own choice.</param>
public sealed record TokenScores(float[] Gold, float[] Max);
