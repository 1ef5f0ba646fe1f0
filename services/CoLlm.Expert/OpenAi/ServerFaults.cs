using System.Text;
using System.Text.Json;
using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// Turns everything a server can do wrong into a typed reason and one sentence that names it. A server that may be well again soon is
/// <c>OVERLOADED</c> or <c>EXPERT_UNAVAILABLE</c>; one that answers what cannot be used is <c>INTERNAL</c> or names the mismatch.
/// </summary>
internal sealed class ServerFaults(string endpoint, string? apiKey, TimeSpan retryAfter)
{
    private const int LongestQuote = 200;

    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(10);

    public string Name { get; } = $"The server at {endpoint}";

    /// <summary>What a server does not do, or does wrong, whatever it is asked again.</summary>
    public BackendException Of(FailureReason reason, string path, string what, string sent = "", string held = "") =>
        new(new SessionFault(reason, $"{Name} answered /{path} {Clean(what)}.", Clean(sent), Clean(held)));

    public BackendException OfTransport(string path, Exception exception)
    {
        string problem = exception is HttpRequestException { InnerException: { } inner } ? inner.Message : exception.Message;
        return new BackendException(
            new SessionFault(FailureReason.ExpertUnavailable, $"{Name} gave no whole answer to /{path}: {Clean(problem).TrimEnd('.')}.", RetryAfter: retryAfter), exception);
    }

    public BackendException TooSlow(string path, TimeSpan timeout, string setting = "") => new(new SessionFault(
        FailureReason.ExpertUnavailable, $"{Name} did not answer /{path} within {timeout}{setting}.", RetryAfter: retryAfter));

    public BackendException NoPlace(OpenAiOptions options) => new(new SessionFault(
        FailureReason.Overloaded,
        $"All {options.MaxConcurrentRequests} requests to the {Name[4..]} (MaxConcurrentRequests) were taken for {options.RequestTimeout} (RequestTimeout).",
        RetryAfter: retryAfter));

    public BackendException TooLong(string path, int mostBytes) => Of(FailureReason.Internal, path, $"with more than the {mostBytes} bytes that such an answer may have");

    /// <summary>A status other than 200.</summary>
    public BackendException OfStatus(string path, HttpResponseMessage response, string sentence)
    {
        int status = (int)response.StatusCode;
        string said = sentence.Length > 0 ? $": {Clean(sentence).TrimEnd('.')}" : "";
        (FailureReason reason, string what) = status switch
        {
            429 or 503 => (FailureReason.Overloaded, $"that it is busy or still loading ({status}){said}"),
            401 or 403 => (FailureReason.Internal, $"that it does not accept the API key ({status}); see ApiKeyFile and ApiKeyVariable"),
            >= 300 and < 400 => (FailureReason.Internal, $"with a redirect ({status}) to {Clean(response.Headers.Location?.ToString() ?? "nowhere")}, which is not followed"),
            >= 500 => (FailureReason.ExpertUnavailable, $"with status {status}{said}"),
            _ => (FailureReason.Internal, $"with status {status}{said}"),
        };
        bool isWeather = reason is FailureReason.Overloaded or FailureReason.ExpertUnavailable;
        return new BackendException(new SessionFault(reason, $"{Name} answered /{path} {what}.", RetryAfter: isWeather ? RetryAfter(response) : default))
        {
            HttpStatus = status,
        };
    }

    /// <summary>What an error body says: the message of its JSON object, or nothing where it is a page for people.</summary>
    public static string ErrorSentence(ReadOnlySpan<byte> body)
    {
        try
        {
            Utf8JsonReader reader = new(body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return "";
            JsonElement error = root.TryGetProperty("error", out JsonElement inner) ? inner : root;
            if (error.ValueKind == JsonValueKind.String)
                return error.GetString() ?? "";
            return error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out JsonElement message) && message.ValueKind == JsonValueKind.String
                ? message.GetString() ?? ""
                : "";
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>Foreign text for a sentence of ours: one line, not long, and never the key.</summary>
    public string Clean(string text)
    {
        if (apiKey is not null)
            text = text.Replace(apiKey, "***", StringComparison.Ordinal);
        StringBuilder clean = new(Math.Min(text.Length, LongestQuote) + 3);
        foreach (char character in text.AsSpan(0, Math.Min(text.Length, LongestQuote)))
            clean.Append(char.IsControl(character) || char.IsSurrogate(character) ? ' ' : character);
        if (text.Length > LongestQuote)
            clean.Append("...");
        return clean.ToString();
    }

    private TimeSpan RetryAfter(HttpResponseMessage response)
    {
        TimeSpan said = response.Headers.RetryAfter?.Delta ?? default;
        return said <= TimeSpan.Zero ? retryAfter : said > LongestRetryAfter ? LongestRetryAfter : said;
    }
}
