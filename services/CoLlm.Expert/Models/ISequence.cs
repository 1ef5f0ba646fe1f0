using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>
/// One sequence of tokens on a backend, as the session protocol drives it. It has one owner: one call after another, only
/// <see cref="IDisposable.Dispose"/> at any time from any thread.
/// </summary>
/// <remarks>
/// A sequence that is lost says so by <see cref="CoLlm.Inference.Failures.SessionFailedException"/> or <see cref="BackendException"/>;
/// a call in flight on a disposed one ends with <see cref="ObjectDisposedException"/>.
/// </remarks>
internal interface ISequence : IDisposable
{
    /// <summary>Tokens it holds, pending ones included.</summary>
    int Length { get; }

    /// <summary>Tokens that need not be computed for the next answer.</summary>
    int ComputedLength { get; }

    /// <summary>What it has cost so far.</summary>
    SessionWork Work { get; }

    /// <summary>Takes in tokens without causing work.</summary>
    void Append(ReadOnlySpan<int> tokens);

    /// <summary>Takes in tokens and computes everything pending.</summary>
    ValueTask ComputeAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken);

    /// <summary>Takes in tokens, computes everything pending and prepares the answers.</summary>
    /// <param name="tokens">May be empty.</param>
    /// <param name="positions">Positions to answer, ascending, 1 to the end; empty: the end alone. Not kept.</param>
    /// <param name="terms">How; the backend's <see cref="BackendLimits.Refuse"/> has passed it.</param>
    /// <param name="cancellationToken">Ends the computation; the sequence is then of no use.</param>
    /// <returns>How many answers <see cref="MakeAnswer"/> gives.</returns>
    ValueTask<int> AskAsync(ReadOnlyMemory<int> tokens, ReadOnlyMemory<int> positions, AnswerTerms terms, CancellationToken cancellationToken);

    /// <summary>One of the answers of the newest <see cref="AskAsync"/>; the message is reused by the next call.</summary>
    /// <param name="index">Below the number of answers; ascending positions.</param>
    Answer MakeAnswer(int index);

    /// <summary>Forgets all tokens from position <paramref name="length"/> on.</summary>
    void Truncate(int length);
}
