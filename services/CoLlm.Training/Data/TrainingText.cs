namespace CoLlm.Training.Data;

/// <summary>One example of a data set before it is tokenised.</summary>
public abstract record TrainingText;

/// <summary>Running text; every token counts.</summary>
public sealed record PlainText(string Text) : TrainingText;

/// <summary>A prompt that is given and a completion that is learned.</summary>
/// <param name="Prompt">Given.</param>
/// <param name="Completion">Learned.</param>
/// <param name="IsUnfinished">The completion goes on: that it ends here is not learned.</param>
public sealed record PromptCompletion(string Prompt, string Completion, bool IsUnfinished = false) : TrainingText;

/// <summary>A conversation; what the assistant says is learned.</summary>
/// <param name="Turns">One at least is the assistant's.</param>
/// <param name="IsUnfinished">The last turn, which is the assistant's, goes on: that it ends here is not learned.</param>
public sealed record Conversation(IReadOnlyList<ChatTurn> Turns, bool IsUnfinished = false) : TrainingText;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Such as <c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record ChatTurn(string Role, string Content)
{
    public const string Assistant = "assistant";
}
