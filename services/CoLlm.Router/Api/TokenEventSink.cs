using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using Grpc.Core;
using TokenEvent = CoLlm.Decoding.TokenEvent;

namespace CoLlm.Router.Api;

/// <summary>Sends each token to the client as it is decided; a client that reads slowly slows its own answer.</summary>
internal sealed class TokenEventSink(IServerStreamWriter<GenerateResponse> responses) : ITokenSink
{
    public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken) =>
        new(responses.WriteAsync(AnswerMessages.Token(token), cancellationToken));
}
