using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Telemetry.Variables;

/// <summary>What is wrong with the telemetry's environment variables, for the log.</summary>
internal sealed partial class TelemetryNotes(IReadOnlyList<string> problems, ILogger<TelemetryNotes> logger)
{
    public void Write()
    {
        foreach (string problem in problems)
            LogProblem(problem);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Telemetry: {Problem}")]
    private partial void LogProblem(string problem);
}
