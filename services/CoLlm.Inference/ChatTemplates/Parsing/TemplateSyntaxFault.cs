namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>A template is malformed at a line; the sentence begins in lower case and has no full stop.</summary>
internal sealed class TemplateSyntaxFault(string message, int line) : Exception(message)
{
    public int Line { get; } = line;
}
