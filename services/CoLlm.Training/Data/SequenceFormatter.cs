using CoLlm.Inference.Tokenization;

namespace CoLlm.Training.Data;

/// <summary>
/// Tokenises examples and marks what counts. Prompts become exactly the ids that they become when an answer is asked for, so
/// that training sees the prefixes that decoding will.
/// </summary>
/// <param name="tokenizer">Of the base; the experts share it.</param>
/// <param name="renderer">The chat template; null where the model has none.</param>
/// <param name="maxTokens">Longer sequences are cut off here.</param>
public sealed class SequenceFormatter(Tokenizer tokenizer, IConversationRenderer? renderer, int maxTokens)
{
    /// <summary>Tokenises an example; null where nothing that counts is left of it.</summary>
    /// <exception cref="TrainingException">A conversation, but there is no chat template.</exception>
    public FormattedSequence? Format(TrainingText example)
    {
        SequenceBuilder builder = new(tokenizer);
        switch (example)
        {
            case PlainText plain:
                builder.Add(plain.Text, isTarget: true, addSpecial: true);
                builder.AddEndOfText();
                break;
            case PromptCompletion pair:
                builder.Add(pair.Prompt, isTarget: false, addSpecial: true);
                builder.Add(pair.Completion, isTarget: true, addSpecial: true);
                if (!pair.IsUnfinished)
                    builder.AddEndOfText();
                break;
            case Conversation conversation:
                AddConversation(builder, conversation);
                break;
        }

        return builder.Build(maxTokens);
    }

    private void AddConversation(SequenceBuilder builder, Conversation conversation)
    {
        IReadOnlyList<ChatTurn> turns = conversation.Turns;
        if (renderer is null)
            throw new TrainingException("The data holds conversations, but the model's directory holds no chat template.");
        string written = "";
        for (int i = 0; i < turns.Count; i++)
        {
            if (turns[i].Role != ChatTurn.Assistant)
                continue;
            ChatTurn[] before = [.. turns.Take(i)];
            written = Append(builder, written, renderer.Render(before, addGenerationPrompt: true), isTarget: false);
            bool goesOn = conversation.IsUnfinished && i == turns.Count - 1;
            string answered = renderer.Render([.. before, turns[i]], addGenerationPrompt: false);
            written = Append(builder, written, goesOn ? UpTo(turns[i].Content.Trim(), answered, written.Length) : answered, isTarget: true);
        }
    }

    /// <summary>What is rendered up to the end of an answer, without what the template puts behind it.</summary>
    private static string UpTo(string answer, string rendered, int start)
    {
        int at = start <= rendered.Length ? rendered.IndexOf(answer, start, StringComparison.Ordinal) : -1;
        return at >= 0 ? rendered[..(at + answer.Length)] : throw new TrainingException("The chat template changes what the assistant says, so an unfinished answer has no place to end.");
    }

    private static string Append(SequenceBuilder builder, string written, string rendered, bool isTarget)
    {
        if (!rendered.StartsWith(written, StringComparison.Ordinal))
        {
            throw new TrainingException(
                "The chat template rewrites earlier parts of a conversation as it goes on, so its answers cannot be told from the rest; use prompts and completions.");
        }

        builder.Add(rendered[written.Length..], isTarget, addSpecial: false);
        return rendered;
    }
}
