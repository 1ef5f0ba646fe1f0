using CoLlm.Inference.Tokenization;
using CoLlm.Training.Data;

namespace CoLlm.Training.Pipeline;

/// <summary>A prompt with the answer that is right.</summary>
internal sealed record ValidationQuestion(int[] Prompt, string Reference)
{
    /// <summary>The question of an example: a prompt with its completion, or a conversation up to its last answer; null for running text.</summary>
    public static ValidationQuestion? Of(TrainingText example, Tokenizer tokenizer, IConversationRenderer? renderer)
    {
        switch (example)
        {
            case PromptCompletion pair:
                return new ValidationQuestion(tokenizer.Encode(pair.Prompt, addSpecial: true), pair.Completion);
            case Conversation conversation when renderer is not null:
                int last = conversation.Turns.Count - 1;
                while (conversation.Turns[last].Role != ChatTurn.Assistant)
                    last--;
                string text = renderer.Render([.. conversation.Turns.Take(last)], addGenerationPrompt: true);
                return new ValidationQuestion(tokenizer.Encode(text, addSpecial: false), conversation.Turns[last].Content);
            default:
                return null;
        }
    }

    public bool IsAnsweredBy(string answer, CalibrationMetric metric)
    {
        string given = answer.Trim();
        string right = Reference.Trim();
        return given.Length > 0 && (metric == CalibrationMetric.Exact ? given == right : given.Contains(right, StringComparison.Ordinal));
    }
}
