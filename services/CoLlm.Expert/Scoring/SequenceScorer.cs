using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Scoring;

/// <summary>Scores one given sequence chunk by chunk: two numbers per token leave, whatever the vocabulary's size.</summary>
internal sealed class SequenceScorer(ScoreTerms terms)
{
    /// <summary>Rows of logits held at a time.</summary>
    private const int ChunkTokens = 64;

    /// <summary>Why the sequence cannot be scored, or null.</summary>
    public SessionFault? Check(ScoreSequence sequence)
    {
        int most = terms.Model.Description.MaxSequenceTokens;
        if (sequence.Tokens.Count > most)
            return new SessionFault(FailureReason.PromptTooLong, $"The sequence has {sequence.Tokens.Count} tokens; the model holds {most}.");
        if (sequence.FirstPosition < 1 || sequence.FirstPosition >= sequence.Tokens.Count)
        {
            return new SessionFault(
                FailureReason.InvalidParameter, $"first_position is {sequence.FirstPosition}; it must be 1 to {sequence.Tokens.Count - 1}, the last position.");
        }

        for (int i = 0; i < sequence.Tokens.Count; i++)
        {
            if ((uint)sequence.Tokens[i] >= (uint)terms.UsableVocabularySize)
            {
                return new SessionFault(
                    FailureReason.InvalidParameter, $"Token {i} is {sequence.Tokens[i]}, outside the usable vocabulary of {terms.UsableVocabularySize}.");
            }
        }

        return null;
    }

    /// <summary>Computes the scores of a checked sequence and hands them over in order.</summary>
    /// <exception cref="InferenceException">The engine refused or lost the sequence.</exception>
    public async Task ScoreAsync(ScoreSequence sequence, Func<SequenceScores, Task> write, CancellationToken cancellationToken)
    {
        int[] tokens = [.. sequence.Tokens];
        using InferenceSession session = await terms.Model.Engine.OpenSessionAsync(tokens.Length, cancellationToken);

        // The last token predicts nothing that is asked about. What precedes the first wanted row is computed with its chunk.
        session.Append(tokens.AsSpan(0, sequence.FirstPosition - 1));
        for (int start = sequence.FirstPosition - 1; start < tokens.Length - 1; start += ChunkTokens)
        {
            int count = Math.Min(ChunkTokens, tokens.Length - 1 - start);
            AdvanceResult rows = await session.AdvanceAsync(tokens.AsMemory(start, count), WantedPositions.New, cancellationToken);
            SequenceScores scores = Score(rows, tokens);
            scores.SequenceId = sequence.SequenceId;
            scores.IsLast = start + count == tokens.Length - 1;
            await write(scores);
        }
    }

    private SequenceScores Score(AdvanceResult rows, int[] tokens)
    {
        SequenceScores scores = new() { FirstPosition = rows.Position(0) + 1 };
        AnswerScratch scratch = terms.Model.RentScratch();
        for (int i = 0; i < rows.Count; i++)
        {
            ReadOnlySpan<float> logits = rows.Logits(i)[..terms.UsableVocabularySize];
            double logSumExp = VocabularyScan.LogSumExp(logits, scratch.Floats);
            scores.GoldLogProbabilities.Add((float)(logits[tokens[rows.Position(i) + 1]] - logSumExp));
            scores.MaxLogProbabilities.Add((float)(VocabularyScan.Max(logits) - logSumExp));
        }

        terms.Model.Return(scratch);
        return scores;
    }
}
