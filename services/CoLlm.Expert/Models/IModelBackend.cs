using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>What computes a model's sequences: the engine of this process, or a server elsewhere. Safe to call from any thread.</summary>
internal interface IModelBackend : IAsyncDisposable
{
    /// <summary>What it can answer, and how much of it.</summary>
    BackendLimits Limits { get; }

    /// <summary>The engine of this process that computes; null where a server elsewhere does.</summary>
    InferenceEngine? Engine { get; }

    /// <summary>Opens a sequence of at most <paramref name="maxTokens"/> tokens; null and the bound that is in the way.</summary>
    /// <param name="maxTokens">At least 1, at most the model's longest sequence.</param>
    /// <param name="usableVocabularySize">Only ids below it take part in any answer.</param>
    /// <param name="refusal">Why there is none.</param>
    ISequence? TryOpen(int maxTokens, int usableVocabularySize, out BackendRefusal? refusal);

    /// <summary>How many tokens of a prompt a new sequence would find computed already, as far as this process knows.</summary>
    int CountHeldPrefix(ReadOnlySpan<int> tokens);

    /// <summary>Scores the tokens from a position on and hands the numbers over in order, in one or several parts.</summary>
    /// <param name="tokens">Ids below <paramref name="usableVocabularySize"/>.</param>
    /// <param name="firstPosition">1 to the last position.</param>
    /// <param name="usableVocabularySize">Only ids below it take part in any probability.</param>
    /// <param name="write">Called once per part, one call after another.</param>
    /// <param name="cancellationToken">Ends the computation.</param>
    /// <exception cref="CoLlm.Inference.Failures.InferenceException">The engine refused or lost the sequence.</exception>
    /// <exception cref="BackendException">The server elsewhere did.</exception>
    Task ScoreAsync(
        ReadOnlyMemory<int> tokens, int firstPosition, int usableVocabularySize, Func<SequenceScores, Task> write, CancellationToken cancellationToken);
}

/// <summary>A bound that kept a sequence from being opened.</summary>
/// <param name="Fault">What the client is told.</param>
/// <param name="IsPermanent">Evicting other sequences would not help.</param>
internal sealed record BackendRefusal(SessionFault Fault, bool IsPermanent);

/// <summary>A backend elsewhere could not do what was asked; the sequence that met it is lost, no other is.</summary>
internal sealed class BackendException(SessionFault fault, Exception? inner = null) : Exception(fault.Message, inner)
{
    public SessionFault Fault { get; } = fault;

    /// <summary>The HTTP status it said so with; null where it was something else.</summary>
    public int? HttpStatus { get; init; }
}
