using CoLlm.Router.Base;
using Grpc.Core;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>The door of the router for gRPC: maps and delegates.</summary>
internal sealed class GenerationService(Answering answering, RequestReader reader) : V1.Generation.GenerationBase
{
    public override async Task Generate(
        V1.GenerateRequest request, IServerStreamWriter<V1.GenerateResponse> responseStream, ServerCallContext context)
    {
        try
        {
            await answering.AnswerAsync(request, responseStream, context.CancellationToken).ConfigureAwait(false);
        }
        catch (RequestRefusedException refusal)
        {
            answering.Refused(refusal);
            throw refusal.ToRpcException();
        }
        catch (Exception exception) when (context.CancellationToken.IsCancellationRequested && exception is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "The client has cancelled the call."));
        }
    }

    public override Task<V1.ListModelsResponse> ListModels(V1.ListModelsRequest request, ServerCallContext context) => Answer(() =>
    {
        var response = new V1.ListModelsResponse();
        response.Models.Add(ModelMessages.Describe(answering.Model, reader.Options));
        return response;
    });

    public override Task<V1.TokenizeResponse> Tokenize(V1.TokenizeRequest request, ServerCallContext context) => Answer(() =>
    {
        Collaborators model = answering.Model;
        RequestReader.RequireModel(request.Model, model);
        var prompts = new PromptReader(model.Base);
        var response = new V1.TokenizeResponse();
        response.Ids.AddRange(request.InputCase switch
        {
            V1.TokenizeRequest.InputOneofCase.Text => prompts.Encode(request.Text, !request.OmitSpecialTokens),
            V1.TokenizeRequest.InputOneofCase.Chat => prompts.Encode(request.Chat),
            _ => throw RequestRefusedException.Invalid("The request has no text or chat."),
        });
        return response;
    });

    public override Task<V1.DetokenizeResponse> Detokenize(V1.DetokenizeRequest request, ServerCallContext context) => Answer(() =>
    {
        Collaborators model = answering.Model;
        RequestReader.RequireModel(request.Model, model);
        int[] ids = [.. request.Ids];
        int vocabularySize = model.Base.Tokenizer.VocabularySize;
        int position = Array.FindIndex(ids, id => (uint)id >= (uint)vocabularySize);
        if (position >= 0)
            throw RequestRefusedException.Invalid($"ids[{position}] is {ids[position]}; the tokenizer has the ids 0 to {vocabularySize - 1}.");
        return new V1.DetokenizeResponse { Text = model.Base.Tokenizer.Decode(ids, skipSpecial: !request.KeepSpecialTokens) };
    });

    private Task<T> Answer<T>(Func<T> answer)
    {
        try
        {
            return Task.FromResult(answer());
        }
        catch (RequestRefusedException refusal)
        {
            answering.Refused(refusal);
            throw refusal.ToRpcException();
        }
    }
}
