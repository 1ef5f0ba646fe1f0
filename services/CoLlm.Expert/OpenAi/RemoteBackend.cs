using CoLlm.Expert.Models;
using CoLlm.Inference;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>A model that a server elsewhere computes. Its memory is the server's concern: nothing is reserved here.</summary>
/// <param name="connection">Owned.</param>
/// <param name="completions">How it is asked.</param>
/// <param name="limits">What it can answer.</param>
internal sealed class RemoteBackend(ServerConnection connection, CompletionClient completions, BackendLimits limits) : IModelBackend
{
    public BackendLimits Limits => limits;

    public InferenceEngine? Engine => null;

    public ServerConnection Connection => connection;

    public ServerModel Model => completions.Model;

    public ISequence? TryOpen(int maxTokens, int usableVocabularySize, out BackendRefusal? refusal)
    {
        refusal = null;
        return new RemoteSequence(completions, limits, usableVocabularySize);
    }

    public int CountHeldPrefix(ReadOnlySpan<int> tokens) => 0;

    public async Task ScoreAsync(
        ReadOnlyMemory<int> tokens, int firstPosition, int usableVocabularySize, Func<SequenceScores, Task> write, CancellationToken cancellationToken)
    {
        // Unusable ids can be taken out of a distribution only as far as they are named.
        int topTokens = usableVocabularySize == completions.VocabularySize ? 1 : limits.TopTokens!.Value;
        await write(await completions.ScoreAsync(tokens, firstPosition, topTokens, usableVocabularySize, cancellationToken));
    }

    /// <summary>Has a prompt computed; tells how many of its tokens the server had already, where it says so.</summary>
    /// <exception cref="BackendException">It was not computed.</exception>
    public Task<int?> ProbeCacheAsync(ReadOnlyMemory<int> prompt, CancellationToken cancellationToken) => completions.CountCachedAsync(prompt, cancellationToken);

    public ValueTask DisposeAsync()
    {
        connection.Dispose();
        return ValueTask.CompletedTask;
    }
}
