using CoLlm.Inference.Checkpoints;

namespace CoLlm.Training.Scoring;

/// <summary>Chooses how a model directory on this machine is scored.</summary>
public static class TokenScorers
{
    /// <summary>Larger models run on the engine with their weights as stored.</summary>
    private const long MaxFloatCopyBytes = 4L << 30;

    /// <summary>Opens the model.</summary>
    /// <param name="directory">The model.</param>
    /// <param name="usableVocabulary">Ids below this are shared with the base.</param>
    /// <param name="threadCount">Compute threads.</param>
    /// <exception cref="CheckpointException">The directory cannot be used.</exception>
    public static ITokenScorer Open(string directory, int usableVocabulary, int threadCount)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        long parameters = checkpoint.Tensors.Sum(tensor => tensor.ElementCount);
        return parameters * sizeof(float) <= MaxFloatCopyBytes
            ? new LocalTokenScorer(directory, usableVocabulary, threadCount)
            : new EngineTokenScorer(directory, usableVocabulary, threadCount);
    }
}
