using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Sessions;

/// <summary>What the expert says of single sessions: only of those that failed or were refused.</summary>
internal static partial class SessionLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "A session of {Model} ended with {Reason}: {Problem} Trace {TraceId}.")]
    public static partial void SessionFailed(this ILogger logger, string model, string reason, string problem, string traceId);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A session was refused with {Reason}: {Problem} Trace {TraceId}.")]
    public static partial void SessionRefused(this ILogger logger, string reason, string problem, string traceId);
}
