using CoLlm.Inference.ChatTemplates;
using CoLlm.Protocol.V1;
using CoLlm.Router.Base;

namespace CoLlm.Router.Api;

/// <summary>Turns what a client sent (text, token ids or a conversation) into the prompt's token ids.</summary>
internal sealed class PromptReader(BaseModel model)
{
    private static readonly string[] Roles = ["system", "user", "assistant"];

    /// <exception cref="RequestRefusedException">There is no prompt, or it cannot be laid out.</exception>
    public int[] Read(GenerateRequest request) => request.InputCase switch
    {
        GenerateRequest.InputOneofCase.Prompt => Encode(request.Prompt, addSpecial: true),
        GenerateRequest.InputOneofCase.TokenIds => Checked([.. request.TokenIds.Ids]),
        GenerateRequest.InputOneofCase.Chat => Encode(request.Chat),
        _ => throw RequestRefusedException.Invalid("The request has no prompt, token_ids or chat."),
    };

    public int[] Encode(string text, bool addSpecial) => model.Tokenizer.Encode(text, addSpecial);

    /// <exception cref="RequestRefusedException">The model has no template for conversations, or this one does not fit it.</exception>
    public int[] Encode(Chat chat)
    {
        if (model.ChatTemplate is not { } template)
            throw new RequestRefusedException(FailureReason.Unsupported, "The base model has no chat template.");
        if (chat.Messages.Count == 0)
            throw RequestRefusedException.Invalid("chat has no message.");
        if (chat.Messages.FirstOrDefault(message => !Roles.Contains(message.Role)) is { } stranger)
            throw RequestRefusedException.Invalid($"A message has the role \"{stranger.Role}\"; roles are {string.Join(", ", Roles)}.");

        object[] messages = [.. chat.Messages.Select(message => new Dictionary<string, object?> { ["role"] = message.Role, ["content"] = message.Content })];
        try
        {
            // The template writes the special tokens itself.
            string text = template.Render(new Dictionary<string, object?> { ["messages"] = messages, ["add_generation_prompt"] = true });
            return Encode(text, addSpecial: false);
        }
        catch (ChatTemplateException exception)
        {
            throw RequestRefusedException.Invalid($"chat does not fit the model's template: {exception.Message}");
        }
    }

    private int[] Checked(int[] ids)
    {
        int position = Array.FindIndex(ids, id => (uint)id >= (uint)model.UsableVocabularySize);
        return position < 0
            ? ids
            : throw RequestRefusedException.Invalid(
                $"token_ids[{position}] is {ids[position]}; the model has the ids 0 to {model.UsableVocabularySize - 1}.");
    }
}
