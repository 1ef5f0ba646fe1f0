namespace CoLlm.Cli.Demo;

/// <summary>The demo cannot go on; the message says why, and where it helps what to do.</summary>
internal sealed class DemoException(string message, Exception? inner = null) : Exception(message, inner);
