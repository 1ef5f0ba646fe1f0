namespace CoLlm.Training.Demo;

/// <summary>One text that a model learns from.</summary>
/// <param name="Source">Where it comes from, for messages and for people who read the files.</param>
/// <param name="Question">Null for running text.</param>
/// <param name="Text">The answer, or the running text.</param>
/// <param name="IsUnfinished">The answer goes on, and what follows is not told: no end may be learned after it.</param>
internal sealed record DemoText(string Source, string? Question, string Text, bool IsUnfinished = false)
{
    /// <summary>Everything that is said.</summary>
    public string Whole => Question is null ? Text : $"{Question}\n{Text}";
}
