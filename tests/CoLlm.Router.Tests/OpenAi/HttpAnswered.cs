using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Listening;

namespace CoLlm.Router.Tests.OpenAi;

/// <summary>Everything one HTTP request brought.</summary>
/// <param name="Status">Of the response.</param>
/// <param name="Headers">Of the response.</param>
/// <param name="Bodies">The JSON body; for a stream each event's, without the last.</param>
/// <param name="IsDone">Whether the stream said that it was over.</param>
internal sealed record HttpAnswered(HttpStatusCode Status, HttpResponseHeaders Headers, JsonElement[] Bodies, bool IsDone)
{
    private const string Data = "data: ";

    public JsonElement Body => Bodies[0];

    public JsonElement Error => Bodies[^1].GetProperty("error");

    /// <summary>The answer's text, from wherever it stands in the bodies.</summary>
    public string Text => string.Concat(Bodies.SelectMany(body => body.GetProperty("choices").EnumerateArray()).Select(TextOf));

    /// <summary>Our own records of the tokens.</summary>
    public JsonElement[] Tokens =>
        [.. Bodies.Where(body => body.TryGetProperty("collm", out JsonElement ours) && ours.TryGetProperty("tokens", out _))
            .SelectMany(body => body.GetProperty("collm").GetProperty("tokens").EnumerateArray())];

    public JsonElement Summary => Bodies.Last(body => body.TryGetProperty("collm", out JsonElement ours) && ours.TryGetProperty("summary", out _))
        .GetProperty("collm").GetProperty("summary");

    /// <summary>What a token is compared by.</summary>
    public static (int Id, string Text, string Origin, float Deferral, float LogProbability, bool IsContested) Row(JsonElement token) => (
        token.GetProperty("id").GetInt32(), token.GetProperty("text").GetString()!, token.GetProperty("origin").GetString()!,
        token.GetProperty("deferral_probability").GetSingle(), token.GetProperty("log_probability").GetSingle(), token.GetProperty("contested").GetBoolean());

    /// <summary>The same of a token that came by gRPC.</summary>
    public static (int Id, string Text, string Origin, float Deferral, float LogProbability, bool IsContested) Row(TokenEvent token) => (
        token.TokenId, token.Text, token.Origin.ToString().ToLowerInvariant(), token.DeferralProbability, token.LogProbability, token.IsContested);

    public static async Task<HttpAnswered> PostAsync(RouterUnderTest router, string path, string body, CancellationToken cancellationToken = default)
    {
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync(path, content, cancellationToken);
        return await ReadAsync(response);
    }

    public static Task<HttpAnswered> PostAsync(RouterUnderTest router, string path, JsonObject body, CancellationToken cancellationToken = default) =>
        PostAsync(router, path, body.ToJsonString(), cancellationToken);

    public static async Task<HttpAnswered> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            return new HttpAnswered(response.StatusCode, response.Headers, [JsonDocument.Parse(text).RootElement], false);
        string[] events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(events, line => Assert.StartsWith(Data, line, StringComparison.Ordinal));
        bool isDone = events[^1] == "data: [DONE]";
        return new HttpAnswered(
            response.StatusCode, response.Headers, [.. events.SkipLast(isDone ? 1 : 0).Select(line => JsonDocument.Parse(line[Data.Length..]).RootElement)], isDone);
    }

    private static string TextOf(JsonElement choice)
    {
        JsonElement holder = choice.TryGetProperty("delta", out JsonElement delta) ? delta : choice.TryGetProperty("message", out JsonElement message) ? message : choice;
        return holder.TryGetProperty("text", out JsonElement text) || holder.TryGetProperty("content", out text) ? text.GetString()! : "";
    }
}
