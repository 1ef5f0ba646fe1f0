using Microsoft.Extensions.Logging;

namespace CoLlm.Router.Api;

/// <summary>What the router says of single requests: only of those that did not end well, and never anything of their text.</summary>
internal static partial class AnswerLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Answer {RequestId} ended with {FinishReason} after {TokenCount} tokens: {Problem} Trace {TraceId}.")]
    public static partial void AnswerFailed(this ILogger logger, string requestId, string finishReason, int tokenCount, string problem, string traceId);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A request was refused: {Reason}. Trace {TraceId}.")]
    public static partial void RequestRefused(this ILogger logger, string reason, string traceId);
}
