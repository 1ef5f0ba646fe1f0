namespace CoLlm.Training.Pipeline;

/// <summary>Base, swap head and experts together, wherever each of them runs, to answer questions at one threshold after another.</summary>
public interface ICollaboration : IAsyncDisposable
{
    /// <summary>Answers a question greedily; several may be asked at the same time.</summary>
    /// <param name="prompt">Token ids.</param>
    /// <param name="threshold">Defer above this probability; null: never, only watch.</param>
    /// <param name="maxNewTokens">Longest answer.</param>
    /// <param name="cancellationToken">Drops the answer.</param>
    /// <exception cref="TrainingException">A model that is needed does not answer.</exception>
    Task<CollaborationAnswer> AnswerAsync(int[] prompt, float? threshold, int maxNewTokens, CancellationToken cancellationToken);
}

/// <summary>An answer with what decided its authors.</summary>
/// <param name="Text">What was said.</param>
/// <param name="Probabilities">The deferral probability at each of its tokens.</param>
/// <param name="ExpertTokenCount">How many of its tokens experts wrote.</param>
/// <param name="TokenCount">How many it has.</param>
public sealed record CollaborationAnswer(string Text, IReadOnlyList<float> Probabilities, int ExpertTokenCount, int TokenCount);
