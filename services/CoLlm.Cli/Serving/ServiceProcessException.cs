namespace CoLlm.Cli.Serving;

/// <summary>A service that this program runs as a process did not start, or has ended; the message says why, and where its log is.</summary>
internal sealed class ServiceProcessException(string message, Exception? inner = null) : Exception(message, inner);
