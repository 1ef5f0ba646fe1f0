using CoLlm.Inference.Checkpoints;
using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Scoring;

/// <summary>Scores with a model in this process, many sequences in one forward pass, in fp32.</summary>
public sealed class LocalTokenScorer : ITokenScorer
{
    private readonly ComputeContext _compute;
    private readonly TrainingPass _pass;

    /// <summary>Loads a model directory.</summary>
    /// <param name="directory">The model.</param>
    /// <param name="usableVocabulary">Ids below this are shared with the base; the others take no part in the softmax.</param>
    /// <param name="threadCount">Compute threads.</param>
    /// <exception cref="CheckpointException">The directory cannot be used.</exception>
    public LocalTokenScorer(string directory, int usableVocabulary, int threadCount)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        _compute = new ComputeContext(threadCount);
        _pass = new TrainingPass(_compute, ModelWeights.Load(checkpoint), theta: null, Math.Min(usableVocabulary, checkpoint.Config.VocabularySize));
    }

    public Task<IReadOnlyList<TokenScores>> ScoreAsync(IReadOnlyList<ScoreRequest> sequences, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TokenLosses losses = _pass.Evaluate(new PackedBatch([.. sequences.Select(AsTraining)], expertCount: 0));
        List<TokenScores> scores = [];
        int first = 0;
        foreach (ScoreRequest sequence in sequences)
        {
            int count = sequence.TokenIds.Length - sequence.FirstPosition;
            scores.Add(new TokenScores(Floats(losses.BaseLogProb, first, count), Floats(losses.MaxLogProb, first, count)));
            first += count;
        }

        return Task.FromResult<IReadOnlyList<TokenScores>>(scores);
    }

    public ValueTask DisposeAsync()
    {
        _compute.Dispose();
        return ValueTask.CompletedTask;
    }

    private static TrainingSequence AsTraining(ScoreRequest request) =>
        new(request.TokenIds, [.. Enumerable.Range(1, request.TokenIds.Length - 1).Select(position => position >= request.FirstPosition)], []);

    private static float[] Floats(double[] values, int first, int count) => [.. values.Skip(first).Take(count).Select(value => (float)value)];
}
