using System.Diagnostics;
using CoLlm.Decoding;
using CoLlm.Router.Api;
using CoLlm.ServiceDefaults.Telemetry;

namespace CoLlm.Router.Telemetry;

/// <summary>
/// The spans of one answer below the call's own. Exists only for sampled requests, so that others pay nothing. Used by one caller at
/// a time.
/// </summary>
internal sealed class AnswerSpans
{
    public const string SourceName = "CoLlm.Router";

    private readonly Activity _call;
    private Activity? _queue;
    private DateTimeOffset _decodingSince;

    private AnswerSpans(Activity call) => _call = call;

    public static ActivitySource Source { get; } = new(SourceName);

    /// <summary>Those of the call that is current; null where it is not sampled.</summary>
    public static AnswerSpans? OfCurrentCall() => Activity.Current is { Recorded: true, Source.Name: RpcSpans.SourceName } call ? new AnswerSpans(call) : null;

    /// <summary>The request is known, and waits to be let in.</summary>
    public void BeginQueue(GenerationPlan plan, string clientRequestId)
    {
        _call.SetTag(SemanticConventions.GenAiOperationName, plan.IsChat ? SemanticConventions.Chat : SemanticConventions.TextCompletion);
        _call.SetTag(SemanticConventions.GenAiProviderName, SemanticConventions.Provider);
        _call.SetTag(SemanticConventions.GenAiRequestModel, plan.Model.Name);
        _call.SetTag(SemanticConventions.GenAiRequestMaxTokens, plan.Request.MaxNewTokens);
        _call.SetTag("collm.mode", LabelNames<DecodingMode>.Of(plan.Request.Mode));
        if (plan.Threshold is { } threshold)
            _call.SetTag("collm.threshold", (double)threshold);
        if (clientRequestId.Length > 0)
            _call.SetTag("collm.client_request_id", clientRequestId);
        _queue = DetachedSpans.Start(Source, "queue", ActivityKind.Internal, _call.Context);
    }

    /// <summary>It waits no longer, or will not be let in.</summary>
    public void EndQueue()
    {
        if (_queue is { } queue)
            DetachedSpans.End(queue);
        _queue = null;
    }

    public void BeginDecoding(string requestId)
    {
        _call.SetTag("collm.request_id", requestId);
        _decodingSince = DateTimeOffset.UtcNow;
    }

    /// <summary>The answer has ended; <paramref name="failure"/> names what it ended for where it did not end well.</summary>
    public void Ended(DecodingSummary summary, string? failure)
    {
        if (summary.BaseStepCount > 0)
        {
            Activity? prefill = DetachedSpans.Start(Source, "prefill", ActivityKind.Internal, _call.Context, _decodingSince);
            prefill?.SetTag("collm.tokens", summary.PromptTokenCount);
            if (prefill is not null)
                DetachedSpans.End(prefill, _decodingSince + summary.Times.BasePrefill);
        }

        _call.SetTag(SemanticConventions.GenAiUsageInputTokens, summary.PromptTokenCount);
        _call.SetTag(SemanticConventions.GenAiUsageOutputTokens, summary.TokenCount);
        _call.SetTag(SemanticConventions.GenAiResponseFinishReasons, new[] { LabelNames<FinishReason>.Of(summary.FinishReason) });
        _call.SetTag("collm.deferral_rate", (double)summary.RealisedDeferralRate);
        _call.SetTag("collm.fallback_tokens", summary.FallbackTokenCount);
        if (failure is null)
            return;
        _call.SetTag(SemanticConventions.ErrorType, failure);
        _call.SetStatus(ActivityStatusCode.Error);
    }
}
