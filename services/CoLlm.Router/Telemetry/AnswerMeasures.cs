using CoLlm.Decoding;
using CoLlm.Router.Api;
using CoLlm.ServiceDefaults.Telemetry;

namespace CoLlm.Router.Telemetry;

/// <summary>Records one answer while it is written, for one caller at a time; nothing is allocated for its tokens.</summary>
internal sealed class AnswerMeasures
{
    private readonly RouterTelemetry _telemetry;
    private readonly GenerationPlan _plan;
    private readonly TimeProvider _time;
    private readonly long _arrived;
    private readonly TokenTags[] _experts;
    private readonly TokenTags _base;
    private readonly TokenTags _composed;
    private readonly TokenTags _fallback;
    private TimeSpan _toFirstToken;
    private TimeSpan _emit;
    private int _tokenCount;
    private bool _hasEnded;

    /// <param name="telemetry">Where it is recorded.</param>
    /// <param name="plan">The request.</param>
    /// <param name="time">The clock.</param>
    /// <param name="arrived">When the request came, on that clock.</param>
    public AnswerMeasures(RouterTelemetry telemetry, GenerationPlan plan, TimeProvider time, long arrived)
    {
        _telemetry = telemetry;
        _plan = plan;
        _time = time;
        _arrived = arrived;
        _experts = [.. plan.Experts.Select(expert => telemetry.Tokens.TagsOf(expert.Name))];
        _base = telemetry.Tokens.TagsOfBase("base");
        _composed = telemetry.Tokens.TagsOfBase("composed");
        _fallback = telemetry.Tokens.TagsOfBase("fallback");
    }

    /// <summary>The clock's time, for <see cref="Emitted"/>.</summary>
    public long Now => _time.GetTimestamp();

    /// <summary>A token has been sent.</summary>
    /// <param name="token">The token.</param>
    /// <param name="since">When sending began.</param>
    public void Emitted(in TokenEvent token, long since)
    {
        _emit += _time.GetElapsedTime(since);
        if (_tokenCount++ == 0)
            _toFirstToken = _time.GetElapsedTime(_arrived);
        TokenTags tags = token switch
        {
            { Origin: TokenOrigin.Expert } => _experts[token.ExpertIndex],
            { Origin: TokenOrigin.Composed } => _composed,
            { IsFallback: true } => _fallback,
            _ => _base,
        };
        _telemetry.Tokens.Record(token, token.Position - _plan.Request.Prompt.Length, tags);
    }

    /// <summary>The answer has ended.</summary>
    /// <param name="summary">How.</param>
    /// <param name="queued">How long the request waited for admission.</param>
    public void Ended(DecodingSummary summary, TimeSpan queued)
    {
        _hasEnded = true;
        DecodingMode mode = _plan.Request.Mode;
        string reason = LabelNames<FinishReason>.Of(summary.FinishReason);
        bool isFailure = summary.FinishReason is FinishReason.ExpertUnavailable or FinishReason.Shutdown or FinishReason.BaseFailed;
        var times = new AnswerTimes(_time.GetElapsedTime(_arrived), _toFirstToken);
        RequestInstruments requests = _telemetry.Requests;
        requests.CountAnswer(mode, reason);
        requests.RecordDurations(
            mode, _plan.IsChat ? SemanticConventions.Chat : SemanticConventions.TextCompletion, isFailure ? reason : null, times, _tokenCount);
        requests.RecordStage("queue", queued);
        requests.RecordStage("prefill", summary.Times.BasePrefill);
        requests.RecordStage("base", summary.Times.BaseDecode);
        requests.RecordStage("expert", summary.Times.ExpertWait);
        requests.RecordStage("emit", _emit);
        _telemetry.Tokens.RecordAnswer(mode, summary, _plan.Threshold);
    }

    /// <summary>The client has left; an answer that had ended before keeps its reason.</summary>
    public void Cancelled()
    {
        if (!_hasEnded)
            _telemetry.Requests.CountAnswer(_plan.Request.Mode, RequestInstruments.Cancelled);
    }
}
