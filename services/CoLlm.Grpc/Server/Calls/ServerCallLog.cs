using Microsoft.Extensions.Logging;

namespace Grpc.Server.Calls;

/// <summary>What the server has to say about calls.</summary>
internal static partial class ServerCallLog
{
    [LoggerMessage(1, LogLevel.Error, "The method {Method} threw an exception.")]
    public static partial void MethodFailed(ILogger logger, string method, Exception exception);

    [LoggerMessage(2, LogLevel.Information, "The call of {Method} ended with {Status}.")]
    public static partial void CallRefused(ILogger logger, string method, string status);
}
