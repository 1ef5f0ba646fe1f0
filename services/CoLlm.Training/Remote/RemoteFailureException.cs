namespace CoLlm.Training.Remote;

/// <summary>An expert service answered, but not what was asked for; the message is part of a sentence.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isPassing">Whether asking again may help.</param>
internal sealed class RemoteFailureException(string message, bool isPassing) : Exception(message)
{
    public bool IsPassing { get; } = isPassing;
}
