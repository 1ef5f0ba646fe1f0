using System.Text.Json;

namespace CoLlm.Training.Data;

/// <summary>
/// Reads a data set of JSON lines: <c>{"messages": [{"role", "content"}, ...]}</c>, <c>{"prompt", "completion"}</c> or
/// <c>{"text"}</c>, mixed as they like. With <c>"unfinished": true</c> an answer or completion goes on beyond what is given, so no end is
/// learned after it. Other fields are ignored.
/// </summary>
public static class DatasetReader
{
    private const int MaxLineCharacters = 8 << 20;
    private const int MaxExamples = 20_000_000;
    private const int MaxTurns = 10_000;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads all lines; empty ones are skipped.</summary>
    /// <exception cref="TrainingException">The file cannot be read, or a line is none of the three forms; file and line are named.</exception>
    public static IReadOnlyList<TrainingText> Read(string path)
    {
        List<TrainingText> examples = [];
        try
        {
            int number = 0;
            foreach (string line in File.ReadLines(path))
            {
                number++;
                if (line.Length > MaxLineCharacters)
                    throw Problem(path, number, $"has {line.Length} characters; at most {MaxLineCharacters} are read");
                if (string.IsNullOrWhiteSpace(line))
                    continue;
                if (examples.Count == MaxExamples)
                    throw Problem(path, number, $"is beyond the {MaxExamples} examples that are read");
                examples.Add(Parse(path, number, line));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path}: cannot be read, {e.Message}", e);
        }

        return examples.Count > 0 ? examples : throw new TrainingException($"{path}: it holds no example.");
    }

    private static TrainingText Parse(string path, int number, string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw Problem(path, number, "is not a JSON object");
            if (root.TryGetProperty("messages", out JsonElement messages))
                return ConversationOf(path, number, messages, IsUnfinished(path, number, root));
            if (root.TryGetProperty("prompt", out JsonElement prompt))
            {
                string completion = Text(path, number, Member(path, number, root, "completion"), "completion");
                return new PromptCompletion(Text(path, number, prompt, "prompt"), completion, IsUnfinished(path, number, root));
            }

            if (root.TryGetProperty("text", out JsonElement text))
                return new PlainText(Text(path, number, text, "text"));
            throw Problem(path, number, "has none of the fields 'messages', 'prompt' and 'text'");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Problem(path, number, "is not valid JSON", e);
        }
    }

    private static Conversation ConversationOf(string path, int number, JsonElement messages, bool isUnfinished)
    {
        List<ChatTurn> turns = Turns(path, number, messages);
        return !isUnfinished || turns[^1].Role == ChatTurn.Assistant
            ? new Conversation(turns, isUnfinished)
            : throw Problem(path, number, "is unfinished, but its last message is not the assistant's");
    }

    private static bool IsUnfinished(string path, int number, JsonElement root)
    {
        if (!root.TryGetProperty("unfinished", out JsonElement value))
            return false;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Problem(path, number, "has 'unfinished' that is neither true nor false");
    }

    private static List<ChatTurn> Turns(string path, int number, JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() is < 1 or > MaxTurns)
            throw Problem(path, number, $"has 'messages' that are not a list of 1 to {MaxTurns} messages");
        List<ChatTurn> turns = [];
        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
                throw Problem(path, number, $"has a message {turns.Count} that is not an object");
            turns.Add(new ChatTurn(
                Text(path, number, Member(path, number, message, "role"), "role"), Text(path, number, Member(path, number, message, "content"), "content")));
        }

        return turns.Any(turn => turn.Role == ChatTurn.Assistant)
            ? turns
            : throw Problem(path, number, "has no message of the assistant, so nothing to learn");
    }

    private static JsonElement Member(string path, int number, JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement member) ? member : throw Problem(path, number, $"lacks '{name}'");

    private static string Text(string path, int number, JsonElement value, string name) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw Problem(path, number, $"has '{name}' that is not a text");

    private static TrainingException Problem(string path, int number, string what, Exception? inner = null) =>
        new($"{path}: line {number} {what}.", inner);
}
