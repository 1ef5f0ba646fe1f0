using CoLlm.Expert.Sessions;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Scoring;

/// <summary>Holds one given sequence against the terms and has the model's backend score it.</summary>
internal sealed class SequenceScorer(ScoreTerms terms)
{
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

    /// <summary>Scores a checked sequence and hands the parts over in order; fails as <see cref="Models.IModelBackend.ScoreAsync"/> does.</summary>
    public Task ScoreAsync(ScoreSequence sequence, Func<SequenceScores, Task> write, CancellationToken cancellationToken)
    {
        int[] tokens = [.. sequence.Tokens];
        return terms.Model.Backend.ScoreAsync(tokens, sequence.FirstPosition, terms.UsableVocabularySize, WriteAsync, cancellationToken);

        Task WriteAsync(SequenceScores scores)
        {
            scores.SequenceId = sequence.SequenceId;
            return write(scores);
        }
    }
}
