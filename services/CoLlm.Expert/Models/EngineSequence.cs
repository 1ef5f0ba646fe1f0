using System.Runtime.CompilerServices;
using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>A sequence on the engine of this process: answers are made of what its newest step brought back.</summary>
internal sealed class EngineSequence(InferenceSession session, EngineBackend backend, int usableVocabularySize, int maxPositions) : ISequence
{
    private readonly AnswerMaker _answers = new(usableVocabularySize);
    private readonly int[] _rows = new int[maxPositions];
    private AdvanceResult _result;

    public int Length => session.Length;

    public int ComputedLength => session.ComputedLength;

    public SessionWork Work => session.Work;

    public void Append(ReadOnlySpan<int> tokens) => session.Append(tokens);

    // The state machines of both calls are pooled: nothing is allocated per token here.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ComputeAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken) =>
        await session.AdvanceAsync(tokens, WantedPositions.None, cancellationToken).ConfigureAwait(false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> AskAsync(
        ReadOnlyMemory<int> tokens, ReadOnlyMemory<int> positions, AnswerTerms terms, CancellationToken cancellationToken)
    {
        _result = await session.AdvanceAsync(tokens, Rows(positions.Span), Reduction(terms), cancellationToken).ConfigureAwait(false);
        return _result.Count;
    }

    public Answer MakeAnswer(int index)
    {
        AnswerScratch scratch = backend.RentScratch();
        try
        {
            return _answers.Make(_result, index, scratch);
        }
        finally
        {
            backend.Return(scratch);
        }
    }

    public void Truncate(int length) => session.Truncate(length);

    public void Dispose() => session.Dispose();

    private OutputReduction Reduction(in AnswerTerms terms) => terms.Form switch
    {
        AnswerForm.TopK => OutputReduction.TopK(Math.Min(terms.TopK, usableVocabularySize), usableVocabularySize),
        AnswerForm.Logits => OutputReduction.None,
        _ => OutputReduction.Token(terms.Sampling, usableVocabularySize),
    };

    /// <summary>The token at position p is predicted by the row before it.</summary>
    private WantedPositions Rows(ReadOnlySpan<int> positions)
    {
        if (positions.IsEmpty)
            return WantedPositions.Last;
        for (int i = 0; i < positions.Length; i++)
            _rows[i] = positions[i] - 1;
        return WantedPositions.At(_rows.AsMemory(0, positions.Length));
    }
}
