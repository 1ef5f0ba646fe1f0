using System.Globalization;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Api;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Router.OpenAi;

/// <summary>What is told of a request that fails, in the form that OpenAI's clients know.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Code">The name that log and metric share, or OpenAI's own where clients look for it; null: none.</param>
/// <param name="Parameter">The field to blame; null: none.</param>
/// <param name="RetryAfter">When to repeat the request; zero: not known, or never.</param>
internal sealed record OpenAiError(int Status, string Message, string? Code = null, string? Parameter = null, TimeSpan RetryAfter = default)
{
    /// <summary>What clients sort errors by.</summary>
    public string Type => Status switch
    {
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };

    public static OpenAiError Of(RequestRefusedException refusal)
    {
        int status = StatusOf(refusal.Reason, refusal.RetryAfter > TimeSpan.Zero);
        string code = refusal.Reason switch
        {
            FailureReason.UnknownModel => "model_not_found",
            FailureReason.PromptTooLong => "context_length_exceeded",
            _ => refusal.Reason.Name(),
        };
        RequestRefusedException translated = RequestFields.Translate(refusal);
        return new OpenAiError(status, translated.Message, code, translated.Parameter, refusal.RetryAfter);
    }

    /// <summary>
    /// Of an answer that had begun. Of a lost expert its name and the reason are told: the sentence itself names replicas and their connections,
    /// which applications have no business with, and stands in the log under the request's id.
    /// </summary>
    public static OpenAiError Of(Summary summary)
    {
        FailureReason reason = summary.FinishReason switch
        {
            FinishReason.Shutdown => FailureReason.Draining,
            FinishReason.ExpertUnavailable when summary.Failure is null => FailureReason.ExpertUnavailable,
            _ => summary.Failure?.Reason ?? FailureReason.Internal,
        };
        int status = reason is FailureReason.NonFiniteLogits or FailureReason.Internal
            ? StatusCodes.Status500InternalServerError
            : StatusCodes.Status503ServiceUnavailable;
        TimeSpan retryAfter = TimeSpan.FromMilliseconds(summary.Failure?.RetryAfterMs ?? 0);
        string message = summary.FinishReason switch
        {
            FinishReason.ExpertUnavailable => $"{ExpertsOf(summary)} did not give what the answer needed: {reason.Name()}.",
            FinishReason.Shutdown => "The router is stopping and its grace time is over.",
            _ when summary.Failure?.Message is { Length: > 0 } sentence => sentence,
            _ => "The answer could not be finished.",
        };
        return new OpenAiError(status, message, reason.Name(), null, retryAfter);
    }

    /// <summary>Answers a request of which nothing has been written.</summary>
    public Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = Status;
        if (RetryAfter > TimeSpan.Zero)
            response.Headers.RetryAfter = ((long)Math.Ceiling(RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        if (Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        return Responses.JsonBody.WriteAsync(response, json =>
        {
            json.WriteStartObject();
            Responses.AnswerJson.WriteError(json, this);
            json.WriteEndObject();
        }, cancellationToken);
    }

    /// <summary>Those that were asked in vain, where that is known.</summary>
    private static string ExpertsOf(Summary summary)
    {
        string[] names = [.. summary.Experts.Where(expert => expert.FailedCallCount > 0).Select(expert => expert.Name)];
        return names.Length == 0 ? "An expert" : $"{(names.Length == 1 ? "Expert" : "Experts")} {string.Join(", ", names)}";
    }

    private static int StatusOf(FailureReason reason, bool mayPass) => reason switch
    {
        FailureReason.UnknownModel => StatusCodes.Status404NotFound,
        FailureReason.MessageTooLarge => StatusCodes.Status413PayloadTooLarge,
        FailureReason.Overloaded or FailureReason.Draining => StatusCodes.Status503ServiceUnavailable,
        FailureReason.TooManyRequests => StatusCodes.Status429TooManyRequests,
        FailureReason.KvPoolExhausted when mayPass => StatusCodes.Status429TooManyRequests,
        FailureReason.Internal => StatusCodes.Status500InternalServerError,
        _ => StatusCodes.Status400BadRequest,
    };
}

/// <summary>Ends a request that never reached the router's own rules.</summary>
internal sealed class OpenAiException(OpenAiError error) : Exception(error.Message)
{
    public OpenAiError Error => error;
}
