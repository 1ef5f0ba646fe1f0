namespace CoLlm.Inference.ChatTemplates;

/// <summary>
/// A chat template cannot be parsed or rendered. The message is one sentence that names the template and the line; where the
/// template itself raised an error (<c>raise_exception</c>), it is the template's own sentence.
/// </summary>
public sealed class ChatTemplateException(string message, string template, int line, bool isRaised, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The template's name or file.</summary>
    public string Template { get; } = template;

    /// <summary>Counted from 1.</summary>
    public int Line { get; } = line;

    /// <summary>True: the template called <c>raise_exception</c>, so the variables are at fault, not the template.</summary>
    public bool IsRaisedByTemplate { get; } = isRaised;
}
