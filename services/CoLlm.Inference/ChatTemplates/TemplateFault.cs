namespace CoLlm.Inference.ChatTemplates;

/// <summary>
/// What a part of the interpreter throws; the render that it happens in adds template and line. The sentence begins in lower
/// case and has no full stop.
/// </summary>
internal sealed class TemplateFault(string message, bool isRaised = false) : Exception(message)
{
    /// <summary>True: the template's own <c>raise_exception</c>.</summary>
    public bool IsRaised { get; } = isRaised;
}
