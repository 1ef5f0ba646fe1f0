using CoLlm.Protocol.V1;
using CoLlm.Router.Base;

namespace CoLlm.Router.Api;

/// <summary>Turns what a client sent (text, token ids or a conversation) into the prompt's token ids.</summary>
internal sealed class PromptReader(BaseModel model)
{
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
        if (chat.Messages.Count == 0)
            throw RequestRefusedException.Invalid("chat has no message.");
        throw new RequestRefusedException(FailureReason.Unsupported, $"The base model ({model.Architecture}) has no chat template.");
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
