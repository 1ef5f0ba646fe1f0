using System.Text.Json;
using CoLlm.Protocol.V1;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>What the model goes on from: <c>messages</c> of a chat, or the <c>prompt</c> of a completion.</summary>
internal static class PromptFields
{
    private const string Developer = "developer";

    public static Chat ReadChat(JsonFields request)
    {
        if (request.Find("messages") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
            throw JsonFields.Refuse("messages", "messages must be a list of at least one message.");
        var chat = new Chat();
        chat.Messages.AddRange(JsonFields.Items(list, "messages", ReadMessage));
        return chat;
    }

    /// <summary>Sets text, or token ids.</summary>
    public static void ReadPrompt(JsonFields request, GenerateRequest message)
    {
        JsonElement prompt = request.Find("prompt") ?? throw JsonFields.Refuse("prompt", "prompt is missing; it is text or a list of token ids.");

        // One prompt in a list of its own is what some clients always send.
        if (prompt is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 && list[0].ValueKind is JsonValueKind.String or JsonValueKind.Array)
            prompt = list.GetArrayLength() == 1 ? list[0] : throw JsonFields.Refuse("prompt", $"prompt has {list.GetArrayLength()} prompts; one is served at a time.");
        if (prompt.ValueKind == JsonValueKind.String)
            message.Prompt = JsonFields.TextOf(prompt, new JsonPlace("prompt"));
        else if (prompt.ValueKind == JsonValueKind.Array && prompt.GetArrayLength() > 0)
            message.TokenIds = new TokenIds { Ids = { JsonFields.IdsOf(prompt, "prompt") } };
        else
            throw JsonFields.Refuse("prompt", $"prompt is {JsonFields.Quote(prompt)}; it must be text or a list of at least one token id.");
    }

    private static ChatMessage ReadMessage(JsonElement element, JsonPlace place)
    {
        JsonFields fields = JsonFields.Of(element, place);
        string role = fields.Text("role") ?? throw JsonFields.Refuse("messages", $"{place}.role is missing.");
        return new ChatMessage { Role = role == Developer ? "system" : role, Content = ContentOf(fields) };
    }

    private static string ContentOf(JsonFields message)
    {
        const string content = "content";
        return message.Find(content) is { ValueKind: JsonValueKind.Array } parts
            ? string.Join('\n', JsonFields.Items(parts, message.Path + content, PartOf))
            : message.Text(content) ?? "";
    }

    private static string PartOf(JsonElement element, JsonPlace place)
    {
        JsonFields part = JsonFields.Of(element, place);
        return part.Text("type") == "text"
            ? part.Text("text") ?? throw JsonFields.Refuse("messages", $"{place}.text is missing.")
            : throw JsonFields.Refuse("messages", $"{place}.type is not text; other parts are not served.");
    }
}
