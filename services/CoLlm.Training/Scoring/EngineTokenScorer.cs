using System.Numerics.Tensors;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;

namespace CoLlm.Training.Scoring;

/// <summary>
/// Scores with the inference engine, weights as they are stored: for models whose fp32 copy would not fit into memory. Slower than
/// <see cref="LocalTokenScorer"/> on small ones.
/// </summary>
public sealed class EngineTokenScorer : ITokenScorer
{
    private const int PositionsPerCall = 64;

    private readonly Checkpoint _checkpoint;
    private readonly InferenceEngine _engine;
    private readonly int _columnCount;
    private readonly float[] _scratch;

    /// <summary>Opens a model directory.</summary>
    /// <param name="directory">The model.</param>
    /// <param name="usableVocabulary">Ids below this are shared with the base; the others take no part in the softmax.</param>
    /// <param name="threadCount">Compute threads.</param>
    /// <exception cref="CheckpointException">The directory cannot be used.</exception>
    public EngineTokenScorer(string directory, int usableVocabulary, int threadCount)
    {
        _checkpoint = Checkpoint.Open(directory);
        _engine = new InferenceEngine(
            CpuBackend.Load(_checkpoint, new CpuBackendOptions { ThreadCount = threadCount }),
            new InferenceEngineOptions { MaxOutputsPerStep = PositionsPerCall, MaxPositionsPerAdvance = PositionsPerCall });
        _columnCount = Math.Min(usableVocabulary, _checkpoint.Config.VocabularySize);
        _scratch = new float[_columnCount];
    }

    public async Task<IReadOnlyList<TokenScores>> ScoreAsync(IReadOnlyList<ScoreRequest> sequences, CancellationToken cancellationToken)
    {
        List<TokenScores> scores = [];
        foreach (ScoreRequest sequence in sequences)
            scores.Add(await ScoreAsync(sequence, cancellationToken));
        return scores;
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _checkpoint.Dispose();
    }

    private async Task<TokenScores> ScoreAsync(ScoreRequest sequence, CancellationToken cancellationToken)
    {
        // The last token predicts nothing that is asked for; the position before the first one scored predicts it.
        int length = sequence.TokenIds.Length - 1;
        int firstRow = sequence.FirstPosition - 1;
        float[] gold = new float[length - firstRow];
        float[] max = new float[length - firstRow];
        using InferenceSession session = await _engine.OpenSessionAsync(length, cancellationToken);
        if (firstRow > 0)
            session.Append(sequence.TokenIds.AsSpan(0, firstRow));
        for (int row = firstRow; row < length; row += PositionsPerCall)
        {
            ReadOnlyMemory<int> part = sequence.TokenIds.AsMemory(row, Math.Min(PositionsPerCall, length - row));
            AdvanceResult result = await session.AdvanceAsync(part, WantedPositions.New, cancellationToken);
            for (int i = 0; i < result.Count; i++)
                (gold[row - firstRow + i], max[row - firstRow + i]) = LogProbs(result.Logits(i)[.._columnCount], sequence.TokenIds[row + i + 1]);
        }

        return new TokenScores(gold, max);
    }

    private (float Gold, float Max) LogProbs(ReadOnlySpan<float> logits, int token)
    {
        float greatest = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, greatest, _scratch);
        TensorPrimitives.Exp<float>(_scratch, _scratch);
        double logSum = Math.Log(TensorPrimitives.Sum<float>(_scratch));
        return ((float)((double)logits[token] - greatest - logSum), (float)-logSum);
    }
}
