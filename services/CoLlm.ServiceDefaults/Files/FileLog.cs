using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Files;

/// <summary>What is said of files that change while a process runs.</summary>
internal static partial class FileLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Files} have changed and are used from now on.")]
    public static partial void Reread(this ILogger logger, string files);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was read before is used on: {Problem}")]
    public static partial void KeptAsItWas(this ILogger logger, string problem);
}
