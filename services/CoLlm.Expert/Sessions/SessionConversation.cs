using System.Diagnostics;
using CoLlm.Expert.Models;
using CoLlm.Expert.Telemetry;
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
    private readonly ISequence _sequence;
    private readonly SessionWriter _writer;
    private readonly PrefixLedger _ledger;
    private readonly SessionMeasures _measures;
    private readonly ComputeSpans? _spans;
    private readonly Applied _applied = new();
    private readonly int[] _positions;

    private SessionConversation(Open open, SessionTerms terms, ISequence sequence, SessionWriter writer, SessionServices services)
    {
        _terms = terms;
        _sequence = sequence;
        _writer = writer;
        _services = services;
        _measures = services.Instruments.For(terms.Model);
        _spans = ComputeSpans.OfCurrentCall(terms.Model.Name, isReplay: open.Epoch > 0);
        _ledger = new PrefixLedger(terms.MaxSequenceTokens, terms.UsableVocabularySize, services.Limits.CreditTokens, open.Epoch);
        _positions = new int[terms.Model.Backend.Limits.PositionsPerAsk];
    }

    /// <summary>The epoch that both sides are at.</summary>
    public int Epoch => _ledger.Epoch;

    /// <summary>Tells the client what it is granted and computes the prompt.</summary>
    public static async Task<SessionConversation> BeginAsync(
        Open open, SessionTerms terms, ISequence sequence, SessionWriter writer, SessionServices services, CancellationToken cancellationToken)
    {
        SessionConversation conversation = new(open, terms, sequence, writer, services);
        SessionFault? fault = conversation._ledger.Begin(open.Tokens);
        Debug.Assert(fault is null, "The terms have checked the prefix.");
        conversation._measures.AddPrefix(open.Tokens.Count, isReplay: open.Epoch > 0);
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

    /// <summary>The session is over.</summary>
    public void EndTrace() => _spans?.End();

    private Task GrantAsync()
    {
        int heldTokens = _terms.Model.Backend.CountHeldPrefix(_ledger.Tokens);
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
        MaxPositionsPerAsk = _positions.Length,
        MaxTopK = _terms.Model.Backend.Limits.MostTopK(_services.Limits),
        MaxPendingAsks = 1,
        IdleTimeoutMs = (int)Math.Min(int.MaxValue, _services.Limits.IdleTimeout.TotalMilliseconds),
        AnswerForms = { _terms.Model.Backend.Limits.AnswerForms },
    };

    private async ValueTask PrefillAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<int> prompt = _ledger.From(0);
        if (prompt.Length > 1)
        {
            await _sequence.ComputeAsync(prompt[..^1], cancellationToken);
            await WriteAppliedAsync();
        }

        _sequence.Append(prompt.Span[Math.Max(0, prompt.Length - 1)..]);
    }

    private async ValueTask<SessionFault?> AppendAsync(Append append, CancellationToken cancellationToken)
    {
        int known = _ledger.Length;
        if (_ledger.Append(append.Epoch, append.Start, append.Tokens) is { } fault)
            return fault;
        _measures.AddAppended(_ledger.Length - known);
        _sequence.Append(_ledger.From(_sequence.Length).Span);
        if (_sequence.Length - _sequence.ComputedLength < _services.Limits.FlushTokens)
            return null;
        await _sequence.ComputeAsync(default, cancellationToken);
        await WriteAppliedAsync();
        return null;
    }

    private async ValueTask<SessionFault?> TruncateAsync(Truncate truncate)
    {
        int known = _ledger.Length;
        if (_ledger.Truncate(truncate.Epoch, truncate.Position) is { } fault)
            return fault;
        _measures.AddTruncated(known - _ledger.Length);
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
        if (FindFault(ask, out AnswerTerms terms) is { } fault)
        {
            _measures.CountUnanswered(FormOf(ask), fault.Reason);
            return fault;
        }

        _spans?.Asked(ask.SpanId, _ledger.Length, _sequence.Work);
        bool isAnswered = false;
        try
        {
            ask.Positions.CopyTo(_positions, 0);
            int count = await _sequence.AskAsync(_ledger.From(_sequence.Length), _positions.AsMemory(0, ask.Positions.Count), terms, cancellationToken);
            _ledger.Acknowledge(_ledger.Length);
            SessionWork work = _sequence.Work;
            TimeSpan queue = Longer(Stopwatch.GetElapsedTime(asked, work.LastStepBegan), TimeSpan.Zero);
            for (int i = 0; i < count; i++)
            {
                Answer answer = _sequence.MakeAnswer(i);
                Stamp(answer, work, queue);
                await _writer.WriteAsync(answer);
            }

            _measures.RecordPass(queue, work.LastStepTime);
            _spans?.Answered(queue, work);
            isAnswered = true;
        }
        finally
        {
            if (isAnswered)
                _measures.CountAnswered(terms.Form);
            else
                _measures.CountUnanswered(terms.Form, reason: null);
        }

        return null;
    }

    private SessionFault? FindFault(Ask ask, out AnswerTerms terms)
    {
        AnswerTerms? agreed = _terms.Answers.With(ask.AnswerForm, ask.Sampling, ask.TopK, _services.Limits, _terms.Model.Backend.Limits, out SessionFault? fault);
        terms = agreed.GetValueOrDefault();
        if (agreed is null)
            return fault;
        int known = _ledger.Length;
        fault = _ledger.Ask(ask, _positions.Length);
        if (fault is null)
            _measures.AddAppended(_ledger.Length - known);
        return fault;
    }

    private AnswerForm FormOf(Ask ask) => ask.AnswerForm == AnswerForm.Unspecified ? _terms.Answers.Form : ask.AnswerForm;

    private void Stamp(Answer answer, in SessionWork work, TimeSpan queue)
    {
        answer.Epoch = _ledger.Epoch;
        answer.PassCount = work.StepCount;
        answer.ComputedTokenCount = (int)work.ComputedTokenCount;
        answer.QueueUs = (int)queue.TotalMicroseconds;
        answer.ComputeUs = (int)work.LastStepTime.TotalMicroseconds;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
