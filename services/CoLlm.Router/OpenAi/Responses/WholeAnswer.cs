using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>Keeps an answer until its end, for clients that want it in one piece. Used by one caller at a time.</summary>
internal sealed class WholeAnswer(AnswerJson answer) : IServerStreamWriter<GenerateResponse>
{
    private readonly List<TokenEvent> _tokens = [];
    private Summary? _summary;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(GenerateResponse message)
    {
        if (message.Started is { } started)
            answer.Begin(started);
        if (message.Token is { } token)
            _tokens.Add(token);
        _summary = message.Summary ?? _summary;
        return Task.CompletedTask;
    }

    public Task WriteAsync(GenerateResponse message, CancellationToken cancellationToken) => WriteAsync(message);

    /// <summary>Sends it, once it has ended; one that failed as an error, since half an answer would be taken for a whole one.</summary>
    public Task SendAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        Summary summary = _summary!;
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
