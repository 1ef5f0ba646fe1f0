namespace CoLlm.Cli.JsonLines;

/// <summary>A line cannot be answered; the message is the one sentence that is written in the answer's place.</summary>
internal sealed class JsonLineException(string message) : Exception(message);
