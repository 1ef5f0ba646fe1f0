using System.Diagnostics;
using CoLlm.Expert.Models;
using CoLlm.Inference;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// The open part of a session: holds each message against the ledger, lets the engine compute what is worth a pass, and answers.
/// </summary>
/// <remarks>
/// The prompt is computed at once, short of its last token: the first Ask needs a pass for its logits anyway, and takes that token
/// along. Appended tokens wait for the next Ask or ride with other sessions' passes; once enough are pending they get a pass.
/// </remarks>
internal sealed class SessionConversation
{
    private readonly SessionTerms _terms;
    private readonly SessionServices _services;
    private readonly InferenceSession _sequence;
    private readonly SessionWriter _writer;
    private readonly PrefixLedger _ledger;
    private readonly AnswerMaker _answers;
    private readonly Applied _applied = new();
    private readonly int[] _positions;

    private SessionConversation(Open open, SessionTerms terms, InferenceSession sequence, SessionWriter writer, SessionServices services)
    {
        _terms = terms;
        _sequence = sequence;
        _writer = writer;
        _services = services;
        _ledger = new PrefixLedger(terms.MaxSequenceTokens, terms.UsableVocabularySize, services.Limits.CreditTokens, open.Epoch);
        _answers = new AnswerMaker(terms.Model, terms.UsableVocabularySize);
        _positions = new int[services.Limits.MaxPositionsPerAsk];
    }

    /// <summary>The epoch that both sides are at.</summary>
    public int Epoch => _ledger.Epoch;

    /// <summary>Tells the client what it is granted and computes the prompt.</summary>
    public static async Task<SessionConversation> BeginAsync(
        Open open, SessionTerms terms, InferenceSession sequence, SessionWriter writer, SessionServices services, CancellationToken cancellationToken)
    {
        SessionConversation conversation = new(open, terms, sequence, writer, services);
        SessionFault? fault = conversation._ledger.Begin(open.Tokens);
        Debug.Assert(fault is null, "The terms have checked the prefix.");
        await conversation.GrantAsync();
        await conversation.PrefillAsync(cancellationToken);
        return conversation;
    }

    /// <summary>Handles one message; returns why the session must end, or null.</summary>
    public async ValueTask<SessionFault?> HandleAsync(SessionRequest request, CancellationToken cancellationToken)
    {
        switch (request.MessageCase)
        {
            case SessionRequest.MessageOneofCase.Append:
                return await AppendAsync(request.Append, cancellationToken);
            case SessionRequest.MessageOneofCase.Ask:
                return await AskAsync(request.Ask, cancellationToken);
            case SessionRequest.MessageOneofCase.Truncate:
                return await TruncateAsync(request.Truncate);
            case SessionRequest.MessageOneofCase.Open:
                return new SessionFault(FailureReason.OutOfOrder, "The session is open already.");
            default:
                return new SessionFault(FailureReason.MalformedMessage, "The message is empty, or of a kind that this version does not know.");
        }
    }

    private Task GrantAsync()
    {
        int heldTokens = _terms.Model.Engine.CountSharedPrefix(_ledger.Tokens);
        _ledger.Acknowledge(heldTokens);
        return _writer.WriteAsync(Grant(heldTokens));
    }

    private Opened Grant(int heldTokens) => new()
    {
        ProtocolVersion = _terms.ProtocolVersion,
        Model = _terms.Model.Description,
        Replica = _services.Replica.Value,
        Epoch = _ledger.Epoch,
        HeldTokens = heldTokens,
        CreditTokens = _services.Limits.CreditTokens,
        MaxSequenceTokens = _terms.MaxSequenceTokens,
        MaxPositionsPerAsk = _services.Limits.MaxPositionsPerAsk,
        MaxTopK = _services.Limits.MaxTopK,
        MaxPendingAsks = 1,
        IdleTimeoutMs = (int)Math.Min(int.MaxValue, _services.Limits.IdleTimeout.TotalMilliseconds),
        AnswerForms = { AnswerForm.Token, AnswerForm.TopK, AnswerForm.Logits },
    };

    private async ValueTask PrefillAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<int> prompt = _ledger.From(0);
        if (prompt.Length > 1)
        {
            await _sequence.AdvanceAsync(prompt[..^1], WantedPositions.None, cancellationToken);
            await WriteAppliedAsync();
        }

        _sequence.Append(prompt.Span[Math.Max(0, prompt.Length - 1)..]);
    }

    private async ValueTask<SessionFault?> AppendAsync(Append append, CancellationToken cancellationToken)
    {
        if (_ledger.Append(append.Epoch, append.Start, append.Tokens) is { } fault)
            return fault;
        _sequence.Append(_ledger.From(_sequence.Length).Span);
        if (_sequence.Length - _sequence.ComputedLength < _services.Limits.FlushTokens)
            return null;
        await _sequence.AdvanceAsync(default, WantedPositions.None, cancellationToken);
        await WriteAppliedAsync();
        return null;
    }

    private async ValueTask<SessionFault?> TruncateAsync(Truncate truncate)
    {
        if (_ledger.Truncate(truncate.Epoch, truncate.Position) is { } fault)
            return fault;
        _sequence.Truncate(truncate.Position);
        await WriteAppliedAsync();
        return null;
    }

    private Task WriteAppliedAsync()
    {
        _ledger.Acknowledge(_sequence.ComputedLength);
        _applied.Epoch = _ledger.Epoch;
        _applied.Position = _ledger.Acknowledged;
        return _writer.WriteAsync(_applied);
    }

    private async ValueTask<SessionFault?> AskAsync(Ask ask, CancellationToken cancellationToken)
    {
        long asked = Stopwatch.GetTimestamp();
        if (_terms.Answers.With(ask.AnswerForm, ask.Sampling, ask.TopK, _services.Limits, out SessionFault? fault) is not { } terms)
            return fault;
        if (_ledger.Ask(ask, _services.Limits.MaxPositionsPerAsk) is { } broken)
            return broken;

        AdvanceResult result = await _sequence.AdvanceAsync(_ledger.From(_sequence.Length), Wanted(ask), cancellationToken);
        _ledger.Acknowledge(_ledger.Length);
        SessionWork work = _sequence.Work;
        AnswerScratch scratch = _answers.RentScratch();
        try
        {
            for (int i = 0; i < result.Count; i++)
            {
                int position = result.Position(i) + 1;
                Answer answer = _answers.Make(result.Logits(i), _ledger.Tokens[..position], position, terms, scratch);
                Stamp(answer, work, asked);
                await _writer.WriteAsync(answer);
            }
        }
        finally
        {
            _answers.Return(scratch);
        }

        return null;
    }

    /// <summary>The token at position p is predicted by the row before it.</summary>
    private WantedPositions Wanted(Ask ask)
    {
        int count = ask.Positions.Count;
        if (count == 0)
            return WantedPositions.Last;
        for (int i = 0; i < count; i++)
            _positions[i] = ask.Positions[i] - 1;
        return WantedPositions.At(_positions.AsMemory(0, count));
    }

    private void Stamp(Answer answer, in SessionWork work, long asked)
    {
        answer.Epoch = _ledger.Epoch;
        answer.PassCount = work.StepCount;
        answer.ComputedTokenCount = (int)work.ComputedTokenCount;
        answer.QueueUs = (int)Math.Max(0, Stopwatch.GetElapsedTime(asked, work.LastStepBegan).TotalMicroseconds);
        answer.ComputeUs = (int)work.LastStepTime.TotalMicroseconds;
    }
}
