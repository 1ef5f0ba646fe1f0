using System.Collections.Concurrent;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.Expert.Telemetry;

/// <summary>Records the sessions of one model; what comes with every question allocates nothing. Safe to use from any thread.</summary>
internal sealed class SessionMeasures(SessionInstruments instruments, string model)
{
    private const string Granted = "granted", Answered = "answered", Failed = "failed";

    private readonly ConcurrentDictionary<(AnswerForm Form, string Outcome), Tag[]> _asks = [];
    private readonly Tag _model = new("model", model);
    private readonly Tag[] _appended = [new("model", model), new("kind", "appended")];
    private readonly Tag[] _replayed = [new("model", model), new("kind", "replayed")];
    private readonly Tag[] _truncated = [new("model", model), new("kind", "truncated")];
    private readonly Tag[] _scored = [new("model", model), new("kind", "scored")];

    /// <summary>Lets the series begin at zero whose first increase an alert must see.</summary>
    public void Announce() =>
        instruments.Asks.Add(0, _model, new Tag("form", NameOf(AnswerForm.Token)), new Tag("outcome", FailureReason.PrefixMismatch.Name()));

    /// <param name="refusal">Null: a session was granted.</param>
    public void CountOpened(FailureReason? refusal) => instruments.Opened.Add(1, _model, new Tag("outcome", refusal?.Name() ?? Granted));

    /// <param name="reason"><c>closed</c>, <c>cancelled</c>, <c>evicted</c>, <c>drained</c> or <c>fault</c>.</param>
    public void CountEnded(string reason) => instruments.Ended.Add(1, _model, new Tag("reason", reason));

    public void CountAnswered(AnswerForm form) => Count(form, Answered);

    /// <summary>A question ended without an answer.</summary>
    /// <param name="form">What was asked for.</param>
    /// <param name="reason">Why it was refused; null: the pass failed or was given up.</param>
    public void CountUnanswered(AnswerForm form, FailureReason? reason) => Count(form, reason?.Name() ?? Failed);

    public void RecordPass(TimeSpan queue, TimeSpan compute)
    {
        instruments.AskQueue.Record(queue.TotalSeconds, _model);
        instruments.AskCompute.Record(compute.TotalSeconds, _model);
    }

    /// <summary>The prefix that a session was opened with.</summary>
    public void AddPrefix(int tokenCount, bool isReplay) => Add(tokenCount, isReplay ? _replayed : _appended);

    public void AddAppended(int tokenCount) => Add(tokenCount, _appended);

    public void AddTruncated(int tokenCount) => Add(tokenCount, _truncated);

    public void AddScored(int tokenCount) => Add(tokenCount, _scored);

    private void Add(int tokenCount, Tag[] tags)
    {
        if (tokenCount > 0)
            instruments.Tokens.Add(tokenCount, tags);
    }

    private void Count(AnswerForm form, string outcome)
    {
        if (!_asks.TryGetValue((form, outcome), out Tag[]? tags))
            tags = _asks.GetOrAdd((form, outcome), [_model, new Tag("form", NameOf(form)), new Tag("outcome", outcome)]);
        instruments.Asks.Add(1, tags);
    }

    private static string NameOf(AnswerForm form) => form switch
    {
        AnswerForm.Logits => "full",
        AnswerForm.TopK => "top_k",
        _ => "token",
    };
}
