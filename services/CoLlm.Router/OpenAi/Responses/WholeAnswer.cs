using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>
/// Keeps an answer until its end, for clients that want it in one piece, and sends it with its last event: within the request's place, and under
/// the bound that every event is under. Used by one caller at a time.
/// </summary>
internal sealed class WholeAnswer(HttpResponse response, AnswerJson answer) : IServerStreamWriter<GenerateResponse>
{
    private readonly List<TokenEvent> _tokens = [];

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(GenerateResponse message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(GenerateResponse message, CancellationToken cancellationToken)
    {
        switch (message.EventCase)
        {
            case GenerateResponse.EventOneofCase.Started:
                answer.Begin(message.Started);
                return Task.CompletedTask;
            case GenerateResponse.EventOneofCase.Token:
                _tokens.Add(message.Token);
                return Task.CompletedTask;
            default:
                return SendAsync(message.Summary, cancellationToken);
        }
    }

    /// <summary>An answer that failed is sent as an error, since half an answer would be taken for a whole one.</summary>
    private Task SendAsync(Summary summary, CancellationToken cancellationToken)
    {
        response.Headers["X-Request-Id"] = answer.RequestId;
        return summary.Failed()
            ? OpenAiError.Of(summary).WriteAsync(response, cancellationToken)
            : JsonBody.WriteAsync(response, json => answer.WriteWhole(json, _tokens, summary), cancellationToken);
    }
}

/// <summary>How answers end.</summary>
internal static class SummaryOutcome
{
    /// <summary>Whether there is less of the answer than there should be.</summary>
    public static bool Failed(this Summary summary) =>
        summary.FinishReason is FinishReason.Failed or FinishReason.ExpertUnavailable or FinishReason.Shutdown;
}
