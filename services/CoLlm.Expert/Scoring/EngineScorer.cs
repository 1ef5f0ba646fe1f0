using CoLlm.Expert.Models;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Scoring;

/// <summary>Scores one given sequence on the engine chunk by chunk: two numbers per token leave, whatever the vocabulary's size.</summary>
internal sealed class EngineScorer(EngineBackend backend, int usableVocabularySize)
{
    /// <summary>Rows of logits held at a time.</summary>
    private const int ChunkTokens = 64;

    /// <summary>Computes the scores of a checked sequence and hands them over in order.</summary>
    /// <exception cref="InferenceException">The engine refused or lost the sequence.</exception>
    public async Task ScoreAsync(ReadOnlyMemory<int> tokens, int firstPosition, Func<SequenceScores, Task> write, CancellationToken cancellationToken)
    {
        using InferenceSession session = await backend.Engine.OpenSessionAsync(tokens.Length, cancellationToken);

        // The last token predicts nothing that is asked about. What precedes the first wanted row is computed with its chunk.
        session.Append(tokens.Span[..(firstPosition - 1)]);
        for (int start = firstPosition - 1; start < tokens.Length - 1; start += ChunkTokens)
        {
            int count = Math.Min(ChunkTokens, tokens.Length - 1 - start);
            OutputReduction score = OutputReduction.Score(tokens.Slice(start + 1, count), usableVocabularySize);
            AdvanceResult rows = await session.AdvanceAsync(tokens.Slice(start, count), WantedPositions.New, score, cancellationToken);
            await Task.Yield(); // The engine's own thread may have brought us here; others' steps must not wait for a chunk's worth of logarithms.
            SequenceScores scores = Score(rows);
            scores.IsLast = start + count == tokens.Length - 1;
            await write(scores);
        }
    }

    private SequenceScores Score(AdvanceResult rows)
    {
        SequenceScores scores = new() { FirstPosition = rows.Position(0) + 1 };
        AnswerScratch scratch = backend.RentScratch();
        for (int i = 0; i < rows.Count; i++)
        {
            (float gold, float largest) = scratch.Reducer.Score(rows, i);
            scores.GoldLogProbabilities.Add(gold);
            scores.MaxLogProbabilities.Add(largest);
        }

        backend.Return(scratch);
        return scores;
    }
}
