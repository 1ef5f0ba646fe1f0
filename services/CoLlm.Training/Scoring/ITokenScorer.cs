namespace CoLlm.Training.Scoring;

/// <summary>A model that scores given tokens, wherever it runs.</summary>
public interface ITokenScorer : IAsyncDisposable
{
    /// <summary>
    /// Scores every sequence from <see cref="ScoreRequest.FirstPosition"/> to its end. Sequences are independent; the answer has
    /// their order.
    /// </summary>
    Task<IReadOnlyList<TokenScores>> ScoreAsync(IReadOnlyList<ScoreRequest> sequences, CancellationToken cancellationToken);
}

/// <summary>A sequence to be scored.</summary>
/// <param name="TokenIds">At least two, all inside the shared vocabulary.</param>
/// <param name="FirstPosition">First token that is scored; at least 1.</param>
public sealed record ScoreRequest(int[] TokenIds, int FirstPosition);
