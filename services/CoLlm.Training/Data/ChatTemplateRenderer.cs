using CoLlm.Inference.ChatTemplates;

namespace CoLlm.Training.Data;

/// <summary>Renders conversations with a model's chat template.</summary>
public sealed class ChatTemplateRenderer(ChatTemplate template) : IConversationRenderer
{
    /// <summary>The template of a model directory; null where it has none.</summary>
    /// <exception cref="Inference.Checkpoints.CheckpointException">A file cannot be read.</exception>
    /// <exception cref="ChatTemplateException">The template is malformed.</exception>
    public static ChatTemplateRenderer? Load(string directory) => ChatTemplate.Load(directory) is { } template ? new ChatTemplateRenderer(template) : null;

    public string Render(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt) => template.Render(new Dictionary<string, object?>
    {
        ["messages"] = turns.Select(turn => new Dictionary<string, object?> { ["role"] = turn.Role, ["content"] = turn.Content }).ToArray(),
        ["add_generation_prompt"] = addGenerationPrompt,
    });
}
