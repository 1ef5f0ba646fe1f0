using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>What is said of certificates while a process runs.</summary>
internal static partial class TlsLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The certificate {Subject} in {File} is valid from {From:u} to {To:u}, which is not now: others will refuse it.")]
    public static partial void NotValidNow(this ILogger logger, string subject, string file, DateTimeOffset from, DateTimeOffset to);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A client's certificate is refused ({Problem}): {Subject}. Others since the last such line: {Others}.")]
    public static partial void ClientRefused(this ILogger logger, string problem, string subject, int others);
}
