using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Router.Experts;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>Writes what decoding produces as messages of <c>generation.proto</c>.</summary>
internal static class AnswerMessages
{
    public static V1.GenerateResponse Started(GenerationPlan plan, string requestId)
    {
        var started = new V1.Started
        {
            RequestId = requestId,
            Model = plan.Model.Name,
            PromptTokenCount = plan.Request.Prompt.Length,
            MaxNewTokens = plan.ReservedTokens - plan.Request.Prompt.Length,
            Mode = plan.Mode,
        };
        started.Experts.AddRange(plan.ExpertNames);
        if (plan.Threshold is { } threshold)
            started.Threshold = threshold;
        return new V1.GenerateResponse { Started = started };
    }

    public static V1.GenerateResponse Token(in TokenEvent token)
    {
        var message = new V1.TokenEvent
        {
            TokenId = token.TokenId,
            Text = token.Text,
            Position = token.Position,
            Origin = OriginOf(token.Origin),
            ExpertIndex = token.ExpertIndex,
            LogProbability = token.LogProbability,
            Reason = ReasonOf(token.Reason),
            IsContested = token.IsContested,
            IsFallback = token.IsFallback,
        };
        if (token.DeferralProbability is { } probability)
            message.DeferralProbability = probability;
        return new V1.GenerateResponse { Token = message };
    }

    /// <param name="plan">The request.</param>
    /// <param name="summary">What decoding reports.</param>
    /// <param name="failure">Why, where the answer ended with a failure.</param>
    /// <param name="times">What went before decoding.</param>
    public static V1.GenerateResponse Summary(GenerationPlan plan, DecodingSummary summary, V1.Failure? failure, V1.StageTimes times)
    {
        times.BasePrefillUs = Microseconds(summary.Times.BasePrefill);
        times.BaseDecodeUs = Microseconds(summary.Times.BaseDecode);
        times.ExpertWaitUs = Microseconds(summary.Times.ExpertWait);
        times.TimeToFirstTokenUs = Microseconds(summary.Times.ToFirstToken);
        var message = new V1.Summary
        {
            FinishReason = FinishReasonOf(summary.FinishReason),
            Failure = failure,
            StopString = summary.StopString ?? "",
            PromptTokenCount = summary.PromptTokenCount,
            TokenCount = summary.TokenCount,
            BaseTokenCount = summary.BaseTokenCount,
            ComposedTokenCount = summary.ComposedTokenCount,
            RealisedDeferralRate = summary.RealisedDeferralRate,
            ContestedTokenCount = summary.ContestedTokenCount,
            FallbackTokenCount = summary.FallbackTokenCount,
            BaseStepCount = summary.BaseStepCount,
            BaseComputedTokenCount = summary.BaseComputedTokenCount,
            Times = times,
        };
        if (plan.Request.Mode != DecodingMode.BaseOnly)
            message.Experts.AddRange(summary.Experts.Select(Usage));
        foreach ((DeferralReason reason, int count) in summary.Reasons.OrderBy(entry => entry.Key))
            message.Reasons.Add(new V1.ReasonCount { Reason = ReasonOf(reason), TokenCount = count });
        return new V1.GenerateResponse { Summary = message };
    }

    public static V1.Failure ToMessage(StreamFailure failure) => new()
    {
        Reason = failure.Reason,
        Message = failure.Message,
        RetryAfterMs = (int)Math.Ceiling(failure.RetryAfter.TotalMilliseconds),
    };

    public static V1.Failure ToMessage(BaseOutcome outcome) => outcome switch
    {
        BaseOutcome.NonFiniteLogits => Failure(V1.FailureReason.NonFiniteLogits, "The base model produced logits that are not finite."),
        BaseOutcome.EngineStopped => Failure(V1.FailureReason.Draining, "The base model's engine is stopping."),
        _ => Failure(V1.FailureReason.Internal, "The device of the base model failed."),
    };

    public static V1.Failure Failure(V1.FailureReason reason, string message) => new() { Reason = reason, Message = message };

    public static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private static V1.ExpertUsage Usage(ExpertUsage usage) => new()
    {
        Name = usage.Name,
        TokenCount = usage.TokenCount,
        CallCount = usage.CallCount,
        PassCount = usage.Cost.PassCount,
        ComputedTokenCount = usage.Cost.ComputedTokenCount,
        BytesUp = usage.Cost.BytesUp,
        BytesDown = usage.Cost.BytesDown,
        FailoverCount = usage.Cost.FailoverCount,
        FailedCallCount = usage.FailedCallCount,
    };

    private static V1.Origin OriginOf(TokenOrigin origin) => origin switch
    {
        TokenOrigin.Base => V1.Origin.Base,
        TokenOrigin.Expert => V1.Origin.Expert,
        _ => V1.Origin.Composed,
    };

    private static V1.DeferralReason ReasonOf(DeferralReason reason) => reason switch
    {
        DeferralReason.BelowThreshold => V1.DeferralReason.BelowThreshold,
        DeferralReason.AboveThreshold => V1.DeferralReason.AboveThreshold,
        DeferralReason.BudgetSpent => V1.DeferralReason.BudgetSpent,
        DeferralReason.Random => V1.DeferralReason.Random,
        DeferralReason.MoreConfident => V1.DeferralReason.MoreConfident,
        _ => V1.DeferralReason.Fixed,
    };

    private static V1.FinishReason FinishReasonOf(FinishReason reason) => reason switch
    {
        FinishReason.EndOfSequence => V1.FinishReason.EndOfSequence,
        FinishReason.StopToken => V1.FinishReason.StopToken,
        FinishReason.StopString => V1.FinishReason.StopString,
        FinishReason.MaxTokens => V1.FinishReason.MaxTokens,
        FinishReason.ContextFull => V1.FinishReason.ContextFull,
        FinishReason.ExpertUnavailable => V1.FinishReason.ExpertUnavailable,
        FinishReason.Shutdown => V1.FinishReason.Shutdown,
        _ => V1.FinishReason.Failed,
    };
}
