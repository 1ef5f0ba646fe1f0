using System.Runtime.InteropServices;
using CoLlm.Decoding.Experts;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;

namespace CoLlm.Router.Experts;

/// <summary>
/// What one expert session has told its router: a state machine without network that takes messages in order and keeps only what
/// still counts. Replies of an older epoch or to an older question are dropped, and too many of them end the session.
/// </summary>
internal sealed class SessionInbox(Uri replica, SessionTerms terms, int epoch, int openedLength)
{
    /// <summary>Replies without a question before the peer counts as broken.</summary>
    public const int MaxStaleReplies = 64;

    private readonly Half[] _logits = terms.Form == ExpertAnswerForm.Logits ? new Half[terms.UsableVocabularySize] : [];
    private ExpertAnswer? _answer;
    private ExpertAnswerForm _askedForm;
    private int _askedPosition = -1;
    private int _acknowledged;
    private int _credit;

    public int Epoch { get; private set; } = epoch;

    public StreamFailure? Ended { get; private set; }

    /// <summary>The last question was not taken and may be repeated; the session goes on.</summary>
    public StreamFailure? Refusal { get; private set; }

    /// <summary>The replica will stop: the session should move while it can.</summary>
    public bool IsDraining { get; private set; }

    public Opened? Opened { get; private set; }

    /// <summary>True while a question is unanswered.</summary>
    public bool IsWaiting => _askedPosition >= 0 && _answer is null && Ended is null && Refusal is null;

    /// <summary>The position up to which tokens may be sent ahead; zero before the expert has granted any credit.</summary>
    public int CreditEnd => Opened is null ? 0 : (int)Math.Min((long)_acknowledged + _credit, int.MaxValue);

    public int StaleReplyCount { get; private set; }

    public int PassCount { get; private set; }

    public int ComputedTokenCount { get; private set; }

    /// <summary>How long questions waited at the expert for a pass to begin, by its own clock.</summary>
    public TimeSpan ExpertQueue { get; private set; }

    /// <summary>How long those passes took: what remains of a question's time is the way there and back.</summary>
    public TimeSpan ExpertCompute { get; private set; }

    /// <summary>How long the pass of the last answer took.</summary>
    public TimeSpan LastCompute { get; private set; }

    public long BytesDown { get; private set; }

    /// <summary>A question is about to be sent.</summary>
    public void Expect(int position, ExpertAnswerForm form)
    {
        _askedPosition = position;
        _askedForm = form;
        _answer = null;
        Refusal = null;
    }

    /// <summary>The answer to the last question, once.</summary>
    public ExpertAnswer? TakeAnswer()
    {
        ExpertAnswer? answer = _answer;
        _answer = null;
        _askedPosition = -1;
        return answer;
    }

    /// <summary>The history was cut: replies to what was sent before count no more.</summary>
    public void RaiseEpoch(int position)
    {
        Epoch++;
        _acknowledged = Math.Min(_acknowledged, position);
        _askedPosition = -1;
        _answer = null;
    }

    /// <summary>The first reason stays.</summary>
    public void End(StreamFailure failure) => Ended ??= failure;

    public void Take(SessionResponse response)
    {
        BytesDown += response.CalculateSize();
        switch (response.MessageCase)
        {
            case SessionResponse.MessageOneofCase.Opened:
                TakeOpened(response.Opened);
                break;
            case SessionResponse.MessageOneofCase.Notice:
                TakeNotice(response.Notice);
                break;
            case SessionResponse.MessageOneofCase.Applied when Opened is not null:
                TakeApplied(response.Applied);
                break;
            case SessionResponse.MessageOneofCase.Answer when Opened is not null:
                TakeAnswer(response.Answer);
                break;
            case SessionResponse.MessageOneofCase.None:
                // A message of a newer protocol that this version was promised it may ignore.
                CountStale();
                break;
            default:
                Break($"{response.MessageCase} came before Opened");
                break;
        }
    }

    private void TakeOpened(Opened opened)
    {
        if (Opened is not null)
            Break("Opened came twice");
        else if (opened.ProtocolVersion is < ProtocolVersion.Oldest or > ProtocolVersion.Newest)
            Mismatch(FailureReason.ProtocolVersionMismatch, "protocol version", $"{ProtocolVersion.Newest}", $"{opened.ProtocolVersion}");
        else if (Differ(terms.ModelFingerprint, opened.Model?.Fingerprint))
            Mismatch(FailureReason.ModelMismatch, "model", terms.ModelFingerprint, opened.Model!.Fingerprint);
        else if (opened.Model is { VocabularySize: > 0 } model && model.VocabularySize < terms.UsableVocabularySize)
            Mismatch(FailureReason.VocabularyMismatch, "vocabulary size", $"{terms.UsableVocabularySize}", $"{model.VocabularySize}");
        else if (opened.Epoch != Epoch || opened.CreditTokens < 0 || opened.HeldTokens < 0 || opened.HeldTokens > openedLength)
            Break($"Opened has epoch {opened.Epoch}, credit {opened.CreditTokens} and {opened.HeldTokens} held of {openedLength} tokens");
        else
            (Opened, _credit, _acknowledged) = (opened, opened.CreditTokens, opened.HeldTokens);
    }

    private void TakeApplied(Applied applied)
    {
        if (applied.Epoch < Epoch)
            CountStale();
        else if (applied.Epoch > Epoch || applied.Position < 0)
            Break($"Applied has epoch {applied.Epoch} and position {applied.Position}, in epoch {Epoch}");
        else
            _acknowledged = Math.Max(_acknowledged, applied.Position);
    }

    private void TakeAnswer(Answer answer)
    {
        if (answer.Epoch > Epoch)
            Break($"an Answer has epoch {answer.Epoch}, in epoch {Epoch}");
        else if (answer.Epoch < Epoch || !IsWaiting || answer.Position < _askedPosition)
            CountStale();
        else if (answer.Position > _askedPosition)
            Break($"an Answer is for position {answer.Position}, and {_askedPosition} was asked");
        else
            Accept(answer);
    }

    private void Accept(Answer answer)
    {
        _acknowledged = Math.Max(_acknowledged, answer.Position);
        PassCount = Math.Max(PassCount, answer.PassCount);
        ComputedTokenCount = Math.Max(ComputedTokenCount, answer.ComputedTokenCount);
        ExpertQueue += TimeSpan.FromMicroseconds(Math.Max(answer.QueueUs, 0));
        LastCompute = TimeSpan.FromMicroseconds(Math.Max(answer.ComputeUs, 0));
        ExpertCompute += LastCompute;
        if (_askedForm == ExpertAnswerForm.Logits)
            AcceptLogits(answer);
        else if ((uint)answer.TokenId >= (uint)terms.UsableVocabularySize || !float.IsFinite(answer.LogProbability))
            Break($"an Answer is token {answer.TokenId} with log-probability {answer.LogProbability}, of {terms.UsableVocabularySize} usable ids");
        else
            _answer = ExpertAnswer.Of(TokenOf(answer));
    }

    private static SampledToken TokenOf(Answer answer) =>
        new(answer.TokenId, answer.LogProbability, answer.HasArgmaxTokenId ? answer.ArgmaxTokenId : answer.TokenId);

    private void AcceptLogits(Answer answer)
    {
        if (answer.Logits.Length != 2 * terms.UsableVocabularySize)
        {
            Break($"an Answer has {answer.Logits.Length} bytes of logits, of {terms.UsableVocabularySize} usable ids");
            return;
        }

        Half[] logits = _logits.Length > 0 ? _logits : new Half[terms.UsableVocabularySize];
        answer.Logits.Span.CopyTo(MemoryMarshal.AsBytes(logits.AsSpan()));
        foreach (Half logit in logits)
        {
            if (!Half.IsFinite(logit) && !Half.IsNegativeInfinity(logit))
            {
                Break("an Answer has logits that are not numbers");
                return;
            }
        }

        _answer = ExpertAnswer.Of(logits);
    }

    private void TakeNotice(Notice notice)
    {
        StreamFailure failure = StreamFailure.Of(notice, replica);
        if (notice.EndsSession)
            End(failure);
        else if (failure.Reason == FailureReason.Draining)
            IsDraining = true;
        else if (failure.IsOverload && IsWaiting && notice.Epoch == Epoch && notice.Position == _askedPosition)
            (Refusal, _askedPosition) = (failure, -1);
        else
            CountStale();
    }

    private void CountStale()
    {
        if (++StaleReplyCount > MaxStaleReplies)
            Break($"more than {MaxStaleReplies} replies answer nothing");
    }

    private static bool Differ(string ours, string? theirs) => ours.Length > 0 && !string.IsNullOrEmpty(theirs) && ours != theirs;

    private void Mismatch(FailureReason reason, string what, string ours, string theirs) =>
        End(new StreamFailure(reason, $"{replica}: the {what} differs: {ours} here, {theirs} there."));

    private void Break(string what) => End(StreamFailure.Broken(replica, what));
}
