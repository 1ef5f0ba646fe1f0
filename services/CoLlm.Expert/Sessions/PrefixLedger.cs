using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Google.Protobuf.Collections;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// What both sides of a session have agreed on: tokens, epoch, prefix hash, and how far the client has been told that its tokens
/// are in the cache. Holds every message against the protocol's rules before anything changes; pure bookkeeping, no engine.
/// </summary>
/// <param name="maxTokens">Tokens the session reserved.</param>
/// <param name="usableVocabularySize">Ids at or above it are refused.</param>
/// <param name="creditTokens">Appended tokens that may be unacknowledged.</param>
/// <param name="epoch">Epoch to start with.</param>
internal sealed class PrefixLedger(int maxTokens, int usableVocabularySize, int creditTokens, int epoch)
{
    private readonly int[] _tokens = new int[maxTokens];
    private int[] _incoming = [];

    public int Epoch { get; private set; } = epoch;

    /// <summary>Tokens agreed on; the position of the next one.</summary>
    public int Length { get; private set; }

    /// <summary>All tokens before it are known to the client as computed.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Hash of all tokens.</summary>
    public PrefixHash Hash { get; private set; } = PrefixHash.Empty;

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Length);

    /// <summary>Tokens from a position on; valid until the next change.</summary>
    public ReadOnlyMemory<int> From(int position) => _tokens.AsMemory(position, Length - position);

    /// <summary>Takes in the prefix that Open brings.</summary>
    public SessionFault? Begin(RepeatedField<int> tokens) => Extend(Epoch, start: 0, tokens, checksCredit: false);

    /// <summary>Takes in an Append. Tokens already known are a no-op if equal; nothing changes where a fault is returned.</summary>
    public SessionFault? Append(int messageEpoch, int start, RepeatedField<int> tokens) =>
        Extend(messageEpoch, start, tokens, checksCredit: true);

    /// <summary>Takes in the suffix that an Ask carries, which needs no credit, and compares the hash of the whole prefix.</summary>
    public SessionFault? Ask(Ask ask, int maxPositions)
    {
        if (ask.Tokens.Count == 0 && ask.Epoch == Epoch && ask.Start != Length)
        {
            return new SessionFault(
                ask.Start > Length ? FailureReason.AskPastEnd : FailureReason.InvalidParameter,
                $"The Ask brings no tokens and starts at {ask.Start}, but the known end is {Length}.");
        }

        if (ask.Positions.Count > maxPositions)
        {
            return new SessionFault(
                FailureReason.TooManyPositions, $"The Ask names {ask.Positions.Count} positions; at most {maxPositions} are allowed (MaxPositionsPerAsk).");
        }

        if (Extend(ask.Epoch, ask.Start, ask.Tokens, checksCredit: false) is { } fault)
            return fault;
        if (CheckPositions(ask.Positions) is { } badPosition)
            return badPosition;
        return ask.PrefixHash == Hash.Value
            ? null
            : SessionFault.Mismatch(
                FailureReason.PrefixMismatch, $"Hash of the prefix of {Length} tokens", new PrefixHash(ask.PrefixHash).ToString(), Hash.ToString());
    }

    /// <summary>Takes back tokens and raises the epoch.</summary>
    public SessionFault? Truncate(int newEpoch, int position)
    {
        if (newEpoch <= Epoch)
            return new SessionFault(FailureReason.StaleEpoch, $"Truncate must raise the epoch: it says {newEpoch}, the session is at {Epoch}.");
        if (position < 0 || position > Length)
            return new SessionFault(FailureReason.InvalidParameter, $"Truncate to {position}, but the session has {Length} tokens.");
        Epoch = newEpoch;
        Length = position;
        Acknowledged = Math.Min(Acknowledged, position);
        Hash = PrefixHash.Of(Tokens);
        return null;
    }

    /// <summary>The client is being told that all tokens before the position are in the cache.</summary>
    public void Acknowledge(int position) => Acknowledged = Math.Max(Acknowledged, Math.Min(position, Length));

    private SessionFault? Extend(int messageEpoch, int start, RepeatedField<int> tokens, bool checksCredit)
    {
        if (CheckEpoch(messageEpoch) is { } epochFault)
            return epochFault;
        if (start < 0 || start > Length)
            return new SessionFault(FailureReason.AppendGap, $"Tokens start at {start}, but the known end is {Length}.");
        long end = (long)start + tokens.Count;
        if (end > maxTokens)
            return new SessionFault(FailureReason.OutputTooLong, $"The sequence would have {end} tokens; the session reserved {maxTokens} (max_sequence_tokens).");
        if (checksCredit && end - Acknowledged > creditTokens)
        {
            return new SessionFault(
                FailureReason.CreditExceeded, $"{end - Acknowledged} tokens would be unacknowledged; the credit is {creditTokens} (credit_tokens).");
        }

        ReadOnlySpan<int> incoming = Copy(tokens);
        return CheckTokens(start, incoming) ?? Commit(start, incoming);
    }

    private SessionFault? CheckEpoch(int messageEpoch) => messageEpoch == Epoch
        ? null
        : messageEpoch < Epoch
            ? new SessionFault(FailureReason.StaleEpoch, $"The message is of epoch {messageEpoch}, the session is at {Epoch}.")
            : new SessionFault(FailureReason.OutOfOrder, $"The message is of epoch {messageEpoch}, which no Truncate has begun; the session is at {Epoch}.");

    private SessionFault? CheckTokens(int start, ReadOnlySpan<int> incoming)
    {
        for (int i = 0; i < incoming.Length; i++)
        {
            if ((uint)incoming[i] >= (uint)usableVocabularySize)
            {
                return new SessionFault(
                    FailureReason.InvalidParameter,
                    $"The token at position {start + i} is {incoming[i]}, outside the usable vocabulary of {usableVocabularySize}.");
            }

            if (start + i < Length && incoming[i] != _tokens[start + i])
            {
                return new SessionFault(
                    FailureReason.AppendConflict, $"The token at position {start + i} is {_tokens[start + i]}, but now comes as {incoming[i]}.");
            }
        }

        return null;
    }

    private SessionFault? Commit(int start, ReadOnlySpan<int> incoming)
    {
        int known = Math.Min(Length - start, incoming.Length);
        ReadOnlySpan<int> fresh = incoming[known..];
        fresh.CopyTo(_tokens.AsSpan(Length));
        Length += fresh.Length;
        Hash = Hash.Append(fresh);
        return null;
    }

    private SessionFault? CheckPositions(RepeatedField<int> positions)
    {
        for (int i = 0; i < positions.Count; i++)
        {
            if (positions[i] > Length)
                return new SessionFault(FailureReason.AskPastEnd, $"Position {positions[i]} is asked, but the sequence ends at {Length}.");
            if (positions[i] < 1 || (i > 0 && positions[i] <= positions[i - 1]))
                return new SessionFault(FailureReason.InvalidParameter, $"Position {positions[i]} is below 1 or not above the one before it.");
        }

        return positions.Count == 0 && Length == 0
            ? new SessionFault(FailureReason.InvalidParameter, "An empty sequence has no position to ask for.")
            : null;
    }

    private ReadOnlySpan<int> Copy(RepeatedField<int> tokens)
    {
        if (_incoming.Length < tokens.Count)
            _incoming = new int[Math.Min(maxTokens, Math.Max(tokens.Count, 2 * _incoming.Length))];
        tokens.CopyTo(_incoming, 0);
        return _incoming.AsSpan(0, tokens.Count);
    }
}
