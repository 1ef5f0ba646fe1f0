namespace CoLlm.Training.Data;

/// <summary>Writes a conversation as the text that the model was made for: a chat template.</summary>
public interface IConversationRenderer
{
    /// <summary>Renders the turns; with <paramref name="addGenerationPrompt"/> up to where the assistant's next answer begins.</summary>
    string Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt);
}
